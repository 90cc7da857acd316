"""The rule "realised_vol": volatility of the last daily returns against the fund's target."""

from math import ceil

from mts1b_operations.events.fields import JsonObject
from mts1b_operations.stats.volatility import (
    ewma_volatility,
    ratio_p_value,
    realised_volatility,
    zero_mean_volatility,
)
from mts1b_operations.watchdogs.judging.measurement import Limit
from mts1b_operations.watchdogs.portfolio_vol_dd.settings import PortfolioSettings
from mts1b_operations.watchdogs.portfolio_vol_dd.state import PortfolioState
from mts1b_operations.watchdogs.portfolio_vol_dd.track import FundTrack, Start

RULE = "realised_vol"


def window_of(settings: PortfolioSettings, fund: FundTrack) -> list[float]:
    """Give the last daily returns, oldest first, the running day's last; empty without that."""
    running = fund.running_return
    if running is None:
        return []
    past = fund.days[-(settings.window - 1) :]
    return [*(day.change for day in past), running]


def window_start(settings: PortfolioSettings, fund: FundTrack) -> Start | None:
    """Give where the window of returns starts."""
    past = fund.days[-(settings.window - 1) :]
    return past[0].start if past else fund.day_start


def target_of(settings: PortfolioSettings, state: PortfolioState) -> float | None:
    """Give the fund's annual target: set for it, else as registered."""
    if settings.target_volatility is not None:
        return settings.target_volatility
    return state.registration.target_volatility if state.registration else None


def limit_of(settings: PortfolioSettings, state: PortfolioState) -> Limit:
    """Give the limit, in annualised volatility."""
    target = target_of(settings, state)
    if target is None:
        return Limit(RULE, state.key, ">", None)
    return Limit(
        RULE,
        state.key,
        ">",
        settings.volatility_ratio * target,
        settings.volatility_clear_ratio * target,
    )


def value_of(settings: PortfolioSettings, returns: list[float]) -> float | None:
    """Give the annualised realised volatility of a full window, else None."""
    full = len(returns) >= settings.window
    return realised_volatility(returns, settings.periods) if full else None


def detail_of(
    settings: PortfolioSettings, state: PortfolioState, returns: list[float], value: float | None
) -> JsonObject:
    """Give what the reading says beside its value."""
    target = target_of(settings, state)
    detail: JsonObject = {"days": len(returns), "target": target}
    if value is None:
        return detail
    detail["vol_zero_mean"] = zero_mean_volatility(returns, settings.periods)
    detail["ewma_vol"] = ewma_volatility(returns, settings.periods)
    if target is not None:
        detail["ratio"] = value / target
        detail["gross_scale"] = gross_scale(target, value)
    return detail


def gross_scale(target: float, value: float) -> float:
    """Give the share of the fund's full gross exposure that brings `value` to the target."""
    return min(1.0, target / value) if value > 0 else 1.0


def reason_of(settings: PortfolioSettings, returns: list[float], limit: Limit) -> str | None:
    """Say why the rule is unknown; None where it is not."""
    if len(returns) < settings.window:
        return f"{len(returns)} of {settings.window} daily returns"
    if limit.threshold is None:
        return "no target volatility: set target_volatility, or register the fund with one"
    return None


def false_alarms_per_year(settings: PortfolioSettings) -> float:
    """Give an upper bound for a fund exactly on target with independent normal returns.

    The expected days a year whose window breaches: the chi-square tail of the variance ratio,
    once a day. Episodes are fewer, since windows overlap; with fat tails there are many more
    (6% of years with normal returns, 56% with Student t(4), in a study of 20,000 paths).
    """
    p = ratio_p_value(settings.volatility_ratio, settings.window - 1)
    return p * ceil(settings.periods)
