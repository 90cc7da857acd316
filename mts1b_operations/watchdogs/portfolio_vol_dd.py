"""Portfolio risk: volatility, drawdown and daily loss of a fund, drawdown of its strategies.

All is computed on the price of a unit of the fund (stats/unit_price.py): the time-weighted
performance, with flows of money taken out.

- realised_vol: the sample standard deviation of the last `window` daily returns, the running day's
  last, a year (times the root of `periods`). A breach asks to reduce the gross exposure.
- drawdown: the price against its peak; the start is the first peak. Halts the fund's strategies.
- daily_loss: what the price lost since the day before, as a share. Halts the fund.
- strategy_drawdown: the sum of a strategy's P/L over its capital against its peak. Halts it.

A day is a date of UTC. A day without prints is no observation: the next return spans it. Prints
that are not after the last one are left out; a print of zero or less counts as what it says, and
it takes several to halt.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import ClassVar, Self

from pydantic import Field, model_validator

from mts1b_operations.events.contracts.alerts import Evidence, Severity
from mts1b_operations.events.contracts.portfolio import NavTick
from mts1b_operations.events.contracts.registry import FundRegistered, StrategyRegistered
from mts1b_operations.events.contracts.strategy import StrategyPnl
from mts1b_operations.events.envelope import Provenance
from mts1b_operations.events.fields import EventModel, JsonObject
from mts1b_operations.settings.per_fund import check_funds, fund_settings
from mts1b_operations.settings.tree import SettingsModel, SettingsTree
from mts1b_operations.stats import volatility
from mts1b_operations.stats.daily_returns import DailyReturns
from mts1b_operations.stats.drawdown import Level
from mts1b_operations.stats.origin import Origin
from mts1b_operations.stats.profit import ProfitTrack
from mts1b_operations.stats.unit_price import UnitPrice
from mts1b_operations.watchdogs.judging.evidence import evidence_since
from mts1b_operations.watchdogs.judging.hysteresis import clearing_below
from mts1b_operations.watchdogs.judging.instants import microseconds, moment_at
from mts1b_operations.watchdogs.judging.measurement import Limit, Measurement
from mts1b_operations.watchdogs.judging.policy import HaltPolicy, Policy
from mts1b_operations.watchdogs.judging.register import FundRegister
from mts1b_operations.watchdogs.judging.watchdog import Action, Halt, Terms, Watchdog, rule_version

REALISED_VOL = "realised_vol"
DRAWDOWN = "drawdown"
DAILY_LOSS = "daily_loss"
STRATEGY_DRAWDOWN = "strategy_drawdown"

_DEPTH = {"drawdown_limit", "drawdown_clear_limit"}
_RATIO = {"window", "periods", "target_volatility", "volatility_ratio", "volatility_clear_ratio"}
_LOSS = {"daily_loss_halt_pct"}
_DECIDES = {REALISED_VOL: _RATIO, DRAWDOWN: _DEPTH, STRATEGY_DRAWDOWN: _DEPTH, DAILY_LOSS: _LOSS}
"""The settings that decide when a rule fires, beside its policy."""

_UNPRICED = "the NAV gives no credible price: it is not above zero, or out of all bounds"
_RULES = "1"
_WEEK = 7 * 86_400.0


class Policies(SettingsModel):
    """One policy a rule. Drawdowns are often seen once a day: confirmations may take a week."""

    realised_vol: Policy = Policy()
    drawdown: HaltPolicy = HaltPolicy(confirmation_max_age_seconds=_WEEK)
    daily_loss: HaltPolicy = HaltPolicy()


class Severities(SettingsModel):
    """One severity a rule."""

    realised_vol: Severity = "warning"
    drawdown: Severity = "critical"
    daily_loss: Severity = "critical"


class RiskSettings(SettingsModel):
    """Limits of one fund, all as shares: 0.02 is two percent.

    `window` counts daily returns, `periods` days a year (252; 365 for a market without weekends).
    `target_volatility` (annual) and `daily_loss_halt_pct` come from the fund's registration where
    they are not set here; without either the rule says unknown. Realised volatility alarms above
    `volatility_ratio` times the target and clears at `volatility_clear_ratio` times; a drawdown
    alarms at `drawdown_limit` and clears below `drawdown_clear_limit`, or below the limit itself.
    A request to reduce is good for `reduce_seconds`. Strategies are held like the fund.
    """

    window: int = Field(default=20, ge=2, le=10_000)
    periods: float = Field(default=volatility.TRADING_DAYS, gt=0, allow_inf_nan=False)
    target_volatility: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    volatility_ratio: float = Field(default=1.5, gt=0, allow_inf_nan=False)
    volatility_clear_ratio: float = Field(default=1.25, gt=0, allow_inf_nan=False)
    drawdown_limit: float = Field(default=0.2, gt=0, le=1)
    drawdown_clear_limit: float | None = Field(default=None, gt=0, le=1)
    daily_loss_halt_pct: float | None = Field(default=None, gt=0, le=1)
    reduce_seconds: float = Field(default=_WEEK, gt=0, allow_inf_nan=False)
    policies: Policies = Policies()
    severities: Severities = Severities()

    @model_validator(mode="after")
    def _clears_before_it_fires(self) -> Self:
        clears = {"volatility_clear_ratio": "volatility_ratio"}
        return clearing_below(self, **clears, drawdown_clear_limit="drawdown_limit")


@dataclass(slots=True)
class FundTrack:
    """The price of a unit, day by day; `start` is the first print that had one."""

    price: UnitPrice = field(default_factory=UnitPrice)
    days: DailyReturns = field(default_factory=DailyReturns)
    start: Origin | None = None
    prints: int = 0

    def take(self, nav: float, flow: float, tick: Origin, window: int) -> bool:
        """Take in a new print; tell whether it gave a unit a credible price."""
        self.days.turn(tick, self.price.close if self.price.known else None, window)
        self.prints += 1
        priced = self.price.take(nav, flow)
        if priced and self.start is None:
            # No day came before the first: its loss is counted from its first print.
            self.start, self.days.base = tick, self.price.close
        return priced


@dataclass(slots=True)
class RiskState:
    """A fund's track, its strategies' tracks by id, and what the register says of it."""

    key: str
    fund: FundTrack = field(default_factory=FundTrack)
    strategies: dict[str, ProfitTrack] = field(default_factory=dict)
    register: FundRegister = field(default_factory=FundRegister)


class PortfolioVolDd(Watchdog[RiskSettings, RiskState]):
    """Three readings a NAV print of a fund, one a P/L tick of a strategy; keyed by fund."""

    name = "portfolio_vol_dd"
    consumes: ClassVar[tuple[type[EventModel], ...]] = (
        NavTick,
        StrategyPnl,
        FundRegistered,
        StrategyRegistered,
    )
    state_type = RiskState
    state_schema = 2

    def observe(
        self, settings: RiskSettings, state: RiskState, event: EventModel, provenance: Provenance
    ) -> list[Measurement]:
        """Fold a print, a tick or a registration."""
        match event:
            case NavTick():
                return _observe_nav(settings, state, event, provenance)
            case StrategyPnl():
                return _observe_pnl(settings, state, event, provenance)
            case FundRegistered():
                state.register.take(event)
            case StrategyRegistered():
                state.register.join(event.strategy_id)
            case _:
                found = type(event).__name__
                raise TypeError(f"expected an event among {self.consumes}, found {found}")
        return []

    def settle(self, tree: SettingsTree, key: str) -> RiskSettings:
        """Give the settings of the fund `key`. Raises SettingsError for a bad one."""
        return fund_settings(RiskSettings, tree, self.name, key)

    def check(self, tree: SettingsTree) -> None:
        """Raise SettingsError if a setting of the firm or of a fund is bad."""
        check_funds(RiskSettings, tree, self.name)

    def begin(self, key: str) -> RiskState:
        """Give the state of a fund of which nothing is known."""
        return RiskState(key)

    def route(self, event: EventModel) -> str:
        """Give the fund."""
        return str(getattr(event, "fund_id"))  # noqa: B009 - all that is consumed has one

    def terms(self, settings: RiskSettings, limit: Limit) -> Terms:
        """Give policy and severity of a rule, and for volatility how often it is wrong."""
        policies, severities, wrong = settings.policies, settings.severities, None
        policy: Policy
        if limit.rule == REALISED_VOL:
            policy, severity = policies.realised_vol, severities.realised_vol
            bound = (settings.volatility_ratio, settings.window, settings.periods)
            wrong = volatility.breaches_per_year(*bound)
        elif limit.rule == DAILY_LOSS:
            policy, severity = policies.daily_loss, severities.daily_loss
        else:
            policy, severity = policies.drawdown, severities.drawdown
        decides = settings.model_dump(include=_DECIDES[limit.rule])
        version = rule_version(_RULES, limit.rule, decides | {"policy": policy.model_dump()})
        return Terms(policy, severity, version, wrong)

    def actions(
        self, settings: RiskSettings, state: RiskState, measurement: Measurement, limit: Limit
    ) -> Sequence[Action]:
        """Ask for a smaller gross exposure when volatility breaches: once, as an absolute share."""
        target, value = _target(settings, state), measurement.value
        if limit.rule != REALISED_VOL or target is None or value is None:
            return ()
        parameters: JsonObject = {"gross_scale": volatility.scale_to_target(target, value)}
        reason = f"realised volatility {value:.4f}, target {target:.4f}"
        return [Action("reduce", parameters, reason, timedelta(seconds=settings.reduce_seconds))]

    def halts(
        self, settings: RiskSettings, state: RiskState, measurement: Measurement, limit: Limit
    ) -> Sequence[Halt]:
        """Halt the fund for a daily loss, and for a drawdown each strategy that caused it.

        A fund's drawdown halts all its strategies; where none is known, the fund, which is wider.
        """
        del settings
        said = f"{limit.rule} of {measurement.key} at {measurement.against(limit)}"
        known = state.register.known_strategies
        if limit.rule == STRATEGY_DRAWDOWN:
            return [Halt("STRATEGY_HALT", measurement.key, said)]
        if limit.rule == DRAWDOWN and known:
            return [Halt("STRATEGY_HALT", one, said) for one in known]
        if limit.rule == DRAWDOWN:
            said += "; no strategy of the fund is registered, so the whole fund halts"
        return [Halt("FUND_HALT", state.key, said)] if limit.rule in {DRAWDOWN, DAILY_LOSS} else ()

    def forget(self, state: RiskState) -> None:
        """Drop the window of returns and the day's opening; peaks and the register stand."""
        state.fund.days.forget()
        state.fund.price.forget()


@dataclass(frozen=True, slots=True)
class _Seen:
    """The event behind a reading; `priced` tells whether it could be turned into a level."""

    timestamp: datetime
    provenance: Provenance
    priced: bool

    def since(self, origin: Origin | None, method: str) -> Evidence:
        stream, last = self.provenance.stream, self.provenance.sequence
        return evidence_since(origin, stream, last, self.timestamp, method)


def _observe_nav(
    settings: RiskSettings, state: RiskState, tick: NavTick, provenance: Provenance
) -> list[Measurement]:
    origin = Origin(provenance.sequence, microseconds(tick.timestamp))
    if not state.fund.days.accepts(origin.moment):
        return []
    flow = float(tick.external_flow or Decimal(0))
    priced = state.fund.take(float(tick.nav), flow, origin, settings.window)
    seen = _Seen(tick.timestamp, provenance, priced)
    return [rule(settings, state, seen) for rule in (_volatility, _drawdown, _daily_loss)]


def _observe_pnl(
    settings: RiskSettings, state: RiskState, tick: StrategyPnl, provenance: Provenance
) -> list[Measurement]:
    state.register.join(tick.strategy_id)
    track = state.strategies.setdefault(tick.strategy_id, ProfitTrack())
    origin = Origin(provenance.sequence, microseconds(tick.timestamp))
    if not track.accepts(origin.moment):
        return []
    priced = track.take(float(tick.pnl), float(tick.capital), origin)
    seen = _Seen(tick.timestamp, provenance, priced)
    return [_strategy_drawdown(settings, state, tick.strategy_id, seen)]


def _volatility(settings: RiskSettings, state: RiskState, seen: _Seen) -> Measurement:
    days, window, target = state.fund.days, settings.window, _target(settings, state)
    returns = days.window(state.fund.price.level.now, window) if seen.priced else []
    full = len(returns) >= window
    value = volatility.realised_volatility(returns, settings.periods) if full else None
    reason = None if full else f"{len(returns)} of {window} daily returns"
    if full and target is None:
        reason = "no target volatility: set target_volatility, or register the fund with one"
    method = f"sample deviation of {window} daily returns, {settings.periods:g} a year"
    evidence = seen.since(days.window_origin(window), method)
    detail = _figures(settings, returns, value, target)
    limit = _volatility_limit(settings, state.key, target)
    return _of_fund(state, seen, limit, value, evidence, detail, reason)


def _target(settings: RiskSettings, state: RiskState) -> float | None:
    """Give the fund's annual target: set for it, else as registered."""
    own = settings.target_volatility
    return state.register.target_volatility if own is None else own


def _volatility_limit(settings: RiskSettings, key: str, target: float | None) -> Limit:
    ratios = (settings.volatility_ratio, settings.volatility_clear_ratio)
    bounds = [None if target is None else ratio * target for ratio in ratios]
    return Limit(REALISED_VOL, key, ">", *bounds)


def _figures(
    settings: RiskSettings, returns: list[float], value: float | None, target: float | None
) -> JsonObject:
    """Give what a reading of volatility says beside its value."""
    detail: JsonObject = {"days": len(returns), "target": target}
    if value is None:
        return detail
    detail["vol_zero_mean"] = volatility.zero_mean_volatility(returns, settings.periods)
    detail["ewma_vol"] = volatility.ewma_volatility(returns, settings.periods)
    if target is not None:
        detail["ratio"] = value / target
        detail["gross_scale"] = volatility.scale_to_target(target, value)
    return detail


def _drawdown(settings: RiskSettings, state: RiskState, seen: _Seen) -> Measurement:
    fund, level = state.fund, state.fund.price.level
    limit = _drawdown_limit(settings, state, DRAWDOWN)
    evidence = seen.since(fund.start, "unit price, flows taken out, against its peak")
    return _of_fund(state, seen, limit, level.drawdown, evidence, _depth(level), None)


def _daily_loss(settings: RiskSettings, state: RiskState, seen: _Seen) -> Measurement:
    days, own = state.fund.days, settings.daily_loss_halt_pct
    threshold = state.register.daily_loss_halt_pct if own is None else own
    value, reason = days.loss(state.fund.price.level.now), None
    if value is None:
        reason = "the day's opening NAV has not been seen"
    elif threshold is None:
        reason = "no limit: set daily_loss_halt_pct, or register the fund with one"
    method = "unit price, flows taken out, against the day's opening"
    limit = Limit(DAILY_LOSS, state.key, ">=", threshold)
    return _of_fund(state, seen, limit, value, seen.since(days.origin, method), {}, reason)


def _of_fund(
    state: RiskState,
    seen: _Seen,
    limit: Limit,
    value: float | None,
    evidence: Evidence,
    detail: JsonObject,
    reason: str | None,
) -> Measurement:
    """Give a reading of a NAV print; a print without a credible price has no value."""
    fund = state.fund
    return Measurement(
        key=state.key,
        timestamp=seen.timestamp,
        number=fund.prints,
        value=value if seen.priced else None,
        limits=(limit,),
        evidence=evidence,
        detail=detail | {"print": fund.prints, "out_of_order": fund.days.out_of_order},
        reason=reason if seen.priced else _UNPRICED,
    )


def _strategy_drawdown(
    settings: RiskSettings, state: RiskState, strategy_id: str, seen: _Seen
) -> Measurement:
    """Give the reading of a strategy's P/L tick. A late tick is read as of the latest one."""
    track = state.strategies[strategy_id]
    return Measurement(
        key=strategy_id,
        timestamp=max(seen.timestamp, moment_at(track.moments[-1])),
        number=track.ticks,
        value=min(0.0, track.level.drawdown) if seen.priced else None,
        limits=(_drawdown_limit(settings, state, STRATEGY_DRAWDOWN),),
        evidence=seen.since(track.start, "sum of P/L over capital against its peak"),
        detail=_depth(track.level) | {"out_of_order": track.out_of_order},
        reason=None if seen.priced else "capital is not above zero, or P/L out of all bounds",
    )


def _drawdown_limit(settings: RiskSettings, state: RiskState, rule: str) -> Limit:
    clear = settings.drawdown_clear_limit
    at = None if clear is None else -clear
    return Limit(rule, state.key, "<=", -settings.drawdown_limit, at)


def _depth(level: Level) -> JsonObject:
    return {"max_drawdown": level.deepest, "level": level.now, "peak": level.peak}
