"""Volatility of returns: as realised, as RiskMetrics weighs it, and from bars."""

from collections.abc import Sequence
from math import ceil, log, sqrt

from mts1b_operations.stats.distributions import chi_square_tail
from mts1b_operations.stats.moments import moments_of

TRADING_DAYS = 252
"""Periods a year, where a period is a trading day."""

RISKMETRICS_DECAY = 0.94
"""The daily decay of J.P. Morgan's RiskMetrics Technical Document (1996)."""

_LEAST = 2


def realised_volatility(returns: Sequence[float], periods: float = TRADING_DAYS) -> float:
    """Give the annualised sample standard deviation (ddof 1) of at least two `returns`."""
    _require(returns, _LEAST)
    return moments_of(returns).deviation(ddof=1) * sqrt(periods)


def zero_mean_volatility(returns: Sequence[float], periods: float = TRADING_DAYS) -> float:
    """Give the annualised root mean square of at least one of `returns`."""
    _require(returns, 1)
    return sqrt(moments_of(one * one for one in returns).mean * periods)


def ewma_volatility(
    returns: Sequence[float], periods: float = TRADING_DAYS, decay: float = RISKMETRICS_DECAY
) -> float:
    """Give the annualised, exponentially weighted volatility; the first squared return seeds it.

    RiskMetrics Technical Document (1996), equation 5.3, without a mean.
    """
    _require(returns, 1)
    variance = returns[0] * returns[0]
    for one in returns[1:]:
        variance = decay * variance + (1 - decay) * one * one
    return sqrt(variance * periods)


def yang_zhang_variance(
    opens: Sequence[float],
    highs: Sequence[float],
    lows: Sequence[float],
    closes: Sequence[float],
    previous_close: float,
) -> float:
    """Give the variance a period from n >= 2 bars in time order, with jumps between them.

    Yang & Zhang (2000), "Drift-independent volatility estimation", J. Business 73:477-491: the
    overnight variance, k times the open-to-close variance, and 1 - k times Rogers-Satchell.
    """
    _require(opens, _LEAST)
    n = len(opens)
    before = [previous_close, *closes[:-1]]
    overnight = [log(start / end) for start, end in zip(opens, before, strict=True)]
    intraday = [log(end / start) for start, end in zip(opens, closes, strict=True)]
    k = 0.34 / (1.34 + (n + 1) / (n - 1))
    own = k * moments_of(intraday).variance(ddof=1)
    ranged = (1 - k) * rogers_satchell_variance(opens, highs, lows, closes)
    return moments_of(overnight).variance(ddof=1) + own + ranged


def rogers_satchell_variance(
    opens: Sequence[float], highs: Sequence[float], lows: Sequence[float], closes: Sequence[float]
) -> float:
    """Give the variance a period from the ranges of bars, free of drift.

    Rogers & Satchell (1991), "Estimating variance from high, low and closing prices".
    """
    _require(opens, 1)
    return moments_of(
        log(high / end) * log(high / start) + log(low / end) * log(low / start)
        for start, high, low, end in zip(opens, highs, lows, closes, strict=True)
    ).mean


def ratio_p_value(ratio: float, degrees: int) -> float:
    """Give P(realised / true volatility > `ratio`) for independent normal returns.

    `degrees` of freedom are the number of returns where their mean is known (zero-mean
    volatility), one less where it is estimated (ddof 1): the variance ratio times them is
    chi-square.
    """
    return chi_square_tail(degrees * ratio * ratio, degrees)


def breaches_per_year(ratio: float, window: int, periods: float = TRADING_DAYS) -> float:
    """Give the days a year whose last `window` returns breach `ratio`, though all is on target.

    The chi-square tail of the variance ratio with an estimated mean, once a day: an upper bound of
    the episodes, which overlapping windows make fewer. With fat tails there are many more (6% of
    years with normal returns, 56% with Student t(4), in a study of 20,000 paths).
    """
    return ratio_p_value(ratio, window - 1) * ceil(periods)


def scale_to_target(target: float, volatility: float) -> float:
    """Give the share (0 to 1) of the full exposure that brings `volatility` down to `target`."""
    return min(1.0, target / volatility) if volatility > 0 else 1.0


def _require(values: Sequence[float], least: int) -> None:
    if len(values) < least:
        raise ValueError(f"expected at least {least} values, found {len(values)}: wait for more")
