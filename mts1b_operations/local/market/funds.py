"""The two funds of the simulated market, each with room between its noise and its limits.

alpha breaks its volatility: swings of 2 to 3% a day, inside its daily loss limit of 6%.
beta loses 3.2 to 3.6% in a day, above its limit of 2.5%: with its ordinary swings that is an annual
volatility near 15% over 20 days, below the 24% that would be a volatility break of a fund with
a target of 16%.
"""

from dataclasses import dataclass
from decimal import Decimal
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from mts1b_operations.local.market.faults import DailyLoss, VolatilityBreak
from mts1b_operations.local.market.sessions import SESSION_MINUTES

TICK_MINUTES = 30
TICKS_A_DAY = SESSION_MINUTES // TICK_MINUTES

_TRADING_DAYS_A_YEAR = 252
_BREAK_SWING = (0.020, 0.030)
_STRATEGY_NOISE = 0.3

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Fund:
    """A fund as it is registered, and `quiet_volatility`: what it really swings by, annual."""

    fund_id: str
    nav: float
    target_volatility: float
    quiet_volatility: float
    daily_loss_halt_pct: float
    strategies: tuple[str, ...]

    @property
    def tick_volatility(self) -> float:
        """Give the standard deviation of the log return between two NAV ticks of a day."""
        return self.quiet_volatility / sqrt(_TRADING_DAYS_A_YEAR * TICKS_A_DAY)


ALPHA = Fund("alpha", 2.5e8, 0.10, 0.07, 0.06, ("alpha-momentum", "alpha-value"))
BETA = Fund("beta", 8.0e7, 0.16, 0.08, 0.025, ("beta-carry", "beta-reversal"))


def tick_minute(tick: int) -> int:
    """Give the minute of the session at which tick number `tick` (from 0) is published."""
    return TICK_MINUTES * (tick + 1)


@dataclass(frozen=True, slots=True)
class FundPath:
    """NAV after each tick, and profit of each strategy in it: (days x ticks) and one axis more.

    Both in cents as integers, so that the strategies' profits sum to the change of the NAV.
    """

    opening: int
    navs: NDArray[np.int64]
    profits: NDArray[np.int64]


def broken_returns(
    fund: Fund, days: int, fault: VolatilityBreak, rng: np.random.Generator
) -> Floats:
    """Give log returns (days x ticks) in which a volatility break widens the days of `fault`."""
    returns = _quiet_returns(fund, days, rng)
    sizes = rng.uniform(*_BREAK_SWING, size=fault.days)
    signs = int(rng.choice((1, -1))) * (-1) ** np.arange(fault.days)
    returns[fault.day : fault.day + fault.days] += (sizes * signs / TICKS_A_DAY)[:, np.newaxis]
    return returns


def losing_returns(fund: Fund, days: int, fault: DailyLoss, rng: np.random.Generator) -> Floats:
    """Give log returns (days x ticks) in which `fault` takes its share of the NAV in two ticks."""
    returns = _quiet_returns(fund, days, rng)
    lost = np.log1p(-fault.share)
    until_then = returns[fault.day, : fault.tick + 1].sum()
    returns[fault.day, fault.tick - 1 : fault.tick + 1] += (lost - until_then) / 2
    return returns


def _quiet_returns(fund: Fund, days: int, rng: np.random.Generator) -> Floats:
    return rng.normal(0.0, fund.tick_volatility, size=(days, TICKS_A_DAY))


def fund_path(fund: Fund, returns: Floats, rng: np.random.Generator) -> FundPath:
    """Turn log returns (days x ticks) into NAVs, and share each change among the strategies."""
    opening = round(fund.nav * 100)
    navs = np.rint(opening * np.exp(np.cumsum(returns))).astype(np.int64).reshape(returns.shape)
    changes = np.diff(navs.ravel(), prepend=opening).reshape(returns.shape)
    return FundPath(opening, navs, _share_out(fund, changes, rng))


def _share_out(
    fund: Fund, changes: NDArray[np.int64], rng: np.random.Generator
) -> NDArray[np.int64]:
    count = len(fund.strategies)
    spread = _STRATEGY_NOISE * fund.tick_volatility * fund.nav * 100 / count
    noise = rng.normal(0.0, spread, size=(*changes.shape, count))
    profits = np.rint(changes[..., np.newaxis] / count + noise).astype(np.int64)
    profits[..., -1] = changes - profits[..., :-1].sum(axis=-1)
    return profits


def money(cents: int) -> Decimal:
    """Write an amount in cents as a decimal with two places."""
    return Decimal(cents).scaleb(-2)
