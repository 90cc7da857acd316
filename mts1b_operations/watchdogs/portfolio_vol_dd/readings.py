"""From the tracks of a fund and its strategies to measurements."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from mts1b_operations.events.contracts.alerts import Evidence
from mts1b_operations.events.envelope import Provenance
from mts1b_operations.events.fields import JsonObject
from mts1b_operations.watchdogs.judging.instants import moment_at
from mts1b_operations.watchdogs.judging.measurement import Limit, Measurement
from mts1b_operations.watchdogs.portfolio_vol_dd import volatility
from mts1b_operations.watchdogs.portfolio_vol_dd.settings import PortfolioSettings
from mts1b_operations.watchdogs.portfolio_vol_dd.state import PortfolioState
from mts1b_operations.watchdogs.portfolio_vol_dd.strategy import StrategyTrack
from mts1b_operations.watchdogs.portfolio_vol_dd.track import Level, Start

DRAWDOWN = "drawdown"
DAILY_LOSS = "daily_loss"
STRATEGY_DRAWDOWN = "strategy_drawdown"

_UNPRICED = "the NAV gives no credible price: it is not above zero, or out of all bounds"


@dataclass(frozen=True, slots=True)
class Seen:
    """The event behind the readings; `priced` tells whether it could be turned into a level."""

    timestamp: datetime
    provenance: Provenance
    priced: bool


def of_fund(
    settings: PortfolioSettings, state: PortfolioState, seen: Seen
) -> Iterator[Measurement]:
    """Give the three readings of a NAV print."""
    yield _volatility(settings, state, seen)
    yield _drawdown(settings, state, seen)
    yield _daily_loss(settings, state, seen)


def of_strategy(
    settings: PortfolioSettings, state: PortfolioState, strategy_id: str, seen: Seen
) -> Measurement:
    """Give the reading of a strategy's P/L tick. A late tick is read as of the latest one."""
    track = state.strategies[strategy_id]
    return Measurement(
        key=strategy_id,
        timestamp=_as_of(track, seen),
        number=track.ticks,
        value=min(0.0, track.level.drawdown) if seen.priced else None,
        limits=(_drawdown_limit(settings, state, STRATEGY_DRAWDOWN),),
        evidence=_evidence(seen, track.track_start, "sum of P/L over capital against its peak"),
        detail=_depth(track.level) | {"out_of_order": track.out_of_order},
        reason=None if seen.priced else "capital is not above zero, or P/L out of all bounds",
    )


def _volatility(settings: PortfolioSettings, state: PortfolioState, seen: Seen) -> Measurement:
    returns = volatility.window_of(settings, state.fund) if seen.priced else []
    value = volatility.value_of(settings, returns)
    limit = volatility.limit_of(settings, state)
    return Measurement(
        key=state.key,
        timestamp=seen.timestamp,
        number=state.fund.prints,
        value=value,
        limits=(limit,),
        evidence=_evidence(
            seen,
            volatility.window_start(settings, state.fund),
            f"sample deviation of {settings.window} daily returns, {settings.periods:g} a year",
        ),
        detail=volatility.detail_of(settings, state, returns, value) | _counts(state),
        reason=volatility.reason_of(settings, returns, limit) if seen.priced else _UNPRICED,
    )


def _drawdown(settings: PortfolioSettings, state: PortfolioState, seen: Seen) -> Measurement:
    fund = state.fund
    return Measurement(
        key=state.key,
        timestamp=seen.timestamp,
        number=fund.prints,
        value=fund.level.drawdown if seen.priced else None,
        limits=(_drawdown_limit(settings, state, DRAWDOWN),),
        evidence=_evidence(seen, fund.track_start, "unit price, flows taken out, against its peak"),
        detail=_depth(fund.level) | _counts(state),
        reason=None if seen.priced else _UNPRICED,
    )


def _daily_loss(settings: PortfolioSettings, state: PortfolioState, seen: Seen) -> Measurement:
    limit = Limit(DAILY_LOSS, state.key, ">=", _daily_limit(settings, state))
    value = state.fund.daily_loss if seen.priced else None
    return Measurement(
        key=state.key,
        timestamp=seen.timestamp,
        number=state.fund.prints,
        value=value,
        limits=(limit,),
        evidence=_evidence(
            seen, state.fund.day_start, "unit price, flows taken out, against the day's opening"
        ),
        detail=_counts(state),
        reason=_loss_reason(value, limit) if seen.priced else _UNPRICED,
    )


def _loss_reason(value: float | None, limit: Limit) -> str | None:
    if value is None:
        return "the day's opening NAV has not been seen"
    if limit.threshold is None:
        return "no limit: set daily_loss_halt_pct, or register the fund with one"
    return None


def _drawdown_limit(settings: PortfolioSettings, state: PortfolioState, rule: str) -> Limit:
    clear = settings.drawdown_clear_limit
    at = None if clear is None else -clear
    return Limit(rule, state.key, "<=", -settings.drawdown_limit, at)


def _daily_limit(settings: PortfolioSettings, state: PortfolioState) -> float | None:
    if settings.daily_loss_halt_pct is not None:
        return settings.daily_loss_halt_pct
    return state.registration.daily_loss_halt_pct if state.registration else None


def _depth(level: Level) -> JsonObject:
    return {"max_drawdown": level.deepest, "level": level.now, "peak": level.peak}


def _counts(state: PortfolioState) -> JsonObject:
    return {"print": state.fund.prints, "out_of_order": state.fund.out_of_order}


def _as_of(track: StrategyTrack, seen: Seen) -> datetime:
    return max(seen.timestamp, moment_at(track.latest))


def _evidence(seen: Seen, start: Start | None, method: str) -> Evidence:
    sequence = seen.provenance.sequence
    return Evidence(
        stream=seen.provenance.stream,
        first_seq=start.sequence if start else sequence,
        last_seq=sequence,
        window_start=moment_at(start.moment) if start else None,
        window_end=seen.timestamp,
        method=method,
    )
