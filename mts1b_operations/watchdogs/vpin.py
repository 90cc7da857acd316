"""VPIN: how one-sided the flow of a symbol is, per equal volume; from trades or from bars.

Volume-synchronised probability of informed trading: Easley, Lopez de Prado and O'Hara (2012),
"Flow Toxicity and Liquidity in a High Frequency World", Review of Financial Studies 25(5).

1. Trades become time bars (stats/bars.py). Within a session the price change of a bar is its close
   less the previous close; for the first bar of a session, its close less its open.
2. Of a bar's volume the share Phi(change / sigma) bought: bulk classification.
3. Volume is packed, in time order, into buckets of equal volume; a larger bar is split.
4. VPIN is the mean of |sold - bought| / bucket over the last `window` buckets.

One reading comes with each full bucket. It is unknown until the window is full of buckets that
were classified under a known sigma.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from mts1b_operations.events.columns import Floats, Ints
from mts1b_operations.events.contracts.alerts import Severity
from mts1b_operations.events.fields import JsonObject, rfc3339
from mts1b_operations.settings.shared_reading import SharedReading, SharedSettings
from mts1b_operations.settings.tree import SettingsModel, SettingsTree
from mts1b_operations.stats.bars import INTERVAL, BarSeries, TimeBar, nanoseconds_of, whole_lots
from mts1b_operations.stats.origin import Origin
from mts1b_operations.stats.sessions import sessions_named
from mts1b_operations.stats.vpin import Bucket, Filled, History, Noise, Window, buy_share
from mts1b_operations.watchdogs.judging.evidence import evidence_since
from mts1b_operations.watchdogs.judging.hysteresis import clearing_below
from mts1b_operations.watchdogs.judging.instants import moment_at
from mts1b_operations.watchdogs.judging.market import MarketWatchdog
from mts1b_operations.watchdogs.judging.measurement import Limit, Measurement
from mts1b_operations.watchdogs.judging.policy import Policy
from mts1b_operations.watchdogs.judging.watchdog import Action, Terms, rule_version

_RULES = "2"
_DAY_NS = 86_400 * 10**9

_UNSET = "bucket_volume is not set; set it under watchdogs.vpin, or there under symbols"

InputKind = Literal["trades", "bars"]


class VpinMethod(SettingsModel):
    """How VPIN is computed: the same for all funds, since the same flow is calm or toxic by it.

    `bucket_volume` counts whole lots of `lot_size` units of the instrument (a common choice is a
    fiftieth of the average daily volume); nothing is measured until it is set, since one
    estimated underway would change the definition underway. `window` counts buckets. `sigma` is a
    price change a bar: a number fixes it, None estimates it from past bars, weighted by volume,
    halved every `sigma_half_life` bars, and unknown before `sigma_min_bars`. `session` says where
    a day ends: "date" (UTC), a name of exchange_calendars, or None for a market that never closes.
    `cdf_history` is how many past readings the rule "cdf" compares with, all of them needed.
    """

    bucket_volume: int | None = Field(default=None, ge=1, le=2**53)
    lot_size: float = Field(default=1.0, gt=0, allow_inf_nan=False)
    window: int = Field(default=50, ge=1, le=10_000)
    bar_interval: str = Field(default="1m", pattern=INTERVAL)
    sigma: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    sigma_half_life: float = Field(default=1_950, gt=0, allow_inf_nan=False)
    sigma_min_bars: int = Field(default=20, ge=2)
    session: str | None = "date"
    input: Literal["auto", "trades", "bars"] = "auto"
    cdf_history: int = Field(default=1_000, ge=20, le=100_000)

    @field_validator("session")
    @classmethod
    def _session_exists(cls, name: str | None) -> str | None:
        sessions_named(name)
        return name

    @property
    def estimator(self) -> str:
        """Name where sigma comes from, for every reading to say."""
        if self.sigma is not None:
            return "fixed"
        return f"volume-weighted over past bars, half-life {self.sigma_half_life:g} bars"


class VpinLimits(SettingsModel):
    """Where VPIN alarms, and what follows: for the firm, or for one fund.

    Rule "level" alarms above `threshold`; rule "cdf" where the value reaches the `cdf_threshold`
    quantile of the symbol's own past. Clearing below a second, lower threshold is hysteresis.
    `throttle_to` is the share of orders that may still take liquidity, for `throttle_seconds`.
    """

    rule: Literal["level", "cdf"] = "level"
    threshold: float = Field(default=0.4, gt=0, le=1)
    clear_threshold: float | None = Field(default=None, gt=0, le=1)
    cdf_threshold: float = Field(default=0.99, gt=0, le=1)
    cdf_clear_threshold: float = Field(default=0.9, gt=0, le=1)
    policy: Policy = Policy()
    severity: Severity = "warning"
    throttle_to: float = Field(default=0.0, ge=0, le=1)
    throttle_seconds: float = Field(default=3_600, gt=0, allow_inf_nan=False)

    @model_validator(mode="after")
    def _clears_below(self) -> Self:
        clears = {"clear_threshold": "threshold", "cdf_clear_threshold": "cdf_threshold"}
        return clearing_below(self, **clears)


VpinSettings = SharedSettings[VpinMethod, VpinLimits]
_ENTRY = SharedReading("vpin", VpinMethod, VpinLimits, keys="symbols")


@dataclass(slots=True)
class VpinState:
    """What is remembered of one symbol.

    `input` is what the symbol is measured on, `history` its past readings for the rule "cdf",
    `reported_day` the last day (since 1970) for which an unset `bucket_volume` was reported.
    """

    key: str
    input: InputKind | None = None
    bars: BarSeries = field(default_factory=BarSeries)
    noise: Noise = field(default_factory=Noise)
    bucket: Bucket = field(default_factory=Bucket)
    window: Window = field(default_factory=Window)
    history: History = field(default_factory=History)
    reported_day: int | None = None


class Vpin(MarketWatchdog[VpinSettings, VpinState]):
    """One reading a completed bucket of a symbol; limits for the firm and for single funds."""

    name = _ENTRY.name
    state_type = VpinState
    state_schema = 2

    def observe_trades(
        self,
        settings: VpinSettings,
        state: VpinState,
        stream: str,
        times_ns: Ints,
        prices: Floats,
        sizes: Floats,
        sequences: Ints,
    ) -> list[Measurement]:
        """Fold n trades of this symbol in stream order, columns of shape (n,).

        `times_ns` are nanoseconds since 1970, `sequences` positions in `stream`.
        """
        if not len(times_ns) or not _takes(settings, state, "trades"):
            return []
        if (capacity := settings.method.bucket_volume) is None:
            return list(_unset(settings, state, stream, times_ns, sequences))
        interval = nanoseconds_of(settings.method.bar_interval)
        starts = (times_ns // interval * interval).tolist()
        lots = whole_lots(sizes, settings.method.lot_size)
        rows = zip(starts, prices.tolist(), lots, sequences.tolist(), strict=True)
        return list(_fold(settings, state, stream, capacity, state.bars.of_trades(rows)))

    def observe_bars(  # noqa: PLR0917 - columns come side by side
        self,
        settings: VpinSettings,
        state: VpinState,
        stream: str,
        starts_ns: Ints,
        interval: str,
        opens: Floats,
        closes: Floats,
        volumes: Floats,
        sequences: Ints,
    ) -> list[Measurement]:
        """Fold n bars of one `interval` of this symbol in stream order, columns of shape (n,).

        Bars of another interval than the settings' are left to whom they concern; a bar that is
        not after the last one is a repeat, and changes nothing but a count.
        """
        ours = len(starts_ns) and interval == settings.method.bar_interval
        if not ours or not _takes(settings, state, "bars"):
            return []
        if (capacity := settings.method.bucket_volume) is None:
            return list(_unset(settings, state, stream, starts_ns, sequences))
        lots = whole_lots(volumes, settings.method.lot_size)
        columns = (starts_ns.tolist(), opens.tolist(), closes.tolist(), lots, sequences.tolist())
        bars = state.bars.of_bars(zip(*columns, strict=True))
        return list(_fold(settings, state, stream, capacity, bars))

    def settle(self, tree: SettingsTree, key: str) -> VpinSettings:
        """Give the settings of the symbol `key`. Raises SettingsError for a bad one."""
        return _ENTRY.settle(tree, key)

    def check(self, tree: SettingsTree) -> None:
        """Raise SettingsError if a setting of the firm, a symbol or a fund is bad."""
        _ENTRY.check(tree)

    def begin(self, key: str) -> VpinState:
        """Give the state of a symbol without trades."""
        return VpinState(key)

    def terms(self, settings: VpinSettings, limit: Limit) -> Terms:
        """Give policy and severity of a fund's, or the firm's, limits."""
        limits = settings.limits_of(limit.fund_id)
        # What follows from an alarm does not decide when there is one.
        fires = limits.model_dump(exclude={"severity", "throttle_to", "throttle_seconds"})
        version = rule_version(_RULES, settings.method.model_dump(), fires)
        return Terms(limits.policy, limits.severity, version)

    def actions(
        self, settings: VpinSettings, state: VpinState, measurement: Measurement, limit: Limit
    ) -> Sequence[Action]:
        """Ask to throttle aggressive orders in the symbol.

        The firm's request excepts funds with limits of their own: theirs speak for them.
        """
        limits = settings.limits_of(limit.fund_id)
        parameters: JsonObject = {"aggressive_share": limits.throttle_to}
        if limit.fund_id is None:
            parameters["except_funds"] = sorted(settings.funds)
        reason = f"VPIN of {state.key} at {measurement.against(limit)}"
        lasts = timedelta(seconds=limits.throttle_seconds)
        return [Action("throttle", parameters, reason, lasts, symbol=state.key)]

    def forget(self, state: VpinState) -> None:
        """Start window, bucket and bar anew; what is known of past bars and readings stays."""
        state.window.buckets.clear()
        state.bucket.empty()
        state.bars.forget()


@dataclass(slots=True)
class _EndedBar:
    """A bar, the stream that it came from, and the sigma that classifies it."""

    stream: str
    bar: TimeBar
    sigma: float | None


def _takes(settings: VpinSettings, state: VpinState, kind: InputKind) -> bool:
    """Tell whether this symbol is measured on `kind`; the first kind seen pins "auto"."""
    wanted = settings.method.input
    if wanted != "auto":
        state.input = wanted
    elif state.input is None:
        state.input = kind
    return state.input == kind


def _fold(
    settings: VpinSettings, state: VpinState, stream: str, capacity: int, bars: Iterable[TimeBar]
) -> Iterator[Measurement]:
    """Classify bars that have ended and pour them; measure with each bucket that fills up."""
    for bar in bars:
        ended = _EndedBar(stream, bar, _sigma(settings.method, state))
        for filled in _pour(settings.method, state, ended, capacity):
            yield _measure(settings, state, ended, filled)


def _sigma(method: VpinMethod, state: VpinState) -> float | None:
    """Give the sigma for the next bar; None while there are too few to estimate it from."""
    return state.noise.sigma(method.sigma_min_bars) if method.sigma is None else method.sigma


def _pour(
    method: VpinMethod, state: VpinState, ended: _EndedBar, capacity: int
) -> Iterator[Filled]:
    bar, sigma = ended.bar, ended.sigma
    change = state.bars.change(bar, sessions_named(method.session))
    share = None if sigma is None else buy_share(change, sigma)
    if method.sigma is None:
        # Only now that sigma is known: a bar is no part of the baseline that it is held against.
        state.noise.learn(change, bar.lots, method.sigma_half_life)
    return state.bucket.pour(bar.lots, share, capacity, Origin(bar.first_seq, bar.start_ns // 1000))


def _measure(
    settings: VpinSettings, state: VpinState, ended: _EndedBar, filled: Filled
) -> Measurement:
    """Take a full bucket into the window and measure."""
    method, bar = settings.method, ended.bar
    state.window.add(filled, method.window)
    value, limits = state.window.vpin(method.window), _limits(settings, state)
    end = moment_at((bar.start_ns + nanoseconds_of(method.bar_interval)) // 1000)
    evidence = (state.window.buckets[0].origin, ended.stream, bar.last_seq, end, _recipe(method))
    measurement = Measurement(
        key=state.key,
        timestamp=end,
        number=state.window.completed - 1,
        value=value,
        limits=limits,
        evidence=evidence_since(*evidence),
        detail=_detail(method, state, ended, filled) | _rank(settings, state, value),
        reason=_reason(method, state, value, limits[0]),
    )
    _remember(settings, state, value)
    return measurement


def _limits(settings: VpinSettings, state: VpinState) -> tuple[Limit, ...]:
    audiences = settings.audiences()
    return tuple(_limit(settings.method, state, limits, fund) for fund, limits in audiences)


def _limit(method: VpinMethod, state: VpinState, limits: VpinLimits, fund_id: str | None) -> Limit:
    if limits.rule == "level":
        return Limit("level", fund_id, ">", limits.threshold, limits.clear_threshold)
    # In the unit of the value: thresholds that a reader can hold the value against.
    bounds = (limits.cdf_threshold, limits.cdf_clear_threshold)
    levels = [state.history.level(share, method.cdf_history) for share in bounds]
    return Limit("cdf", fund_id, ">=", *levels)


def _compares(settings: VpinSettings) -> bool:
    """Tell whether anybody compares readings with the past."""
    return any(limits.rule == "cdf" for _, limits in settings.audiences())


def _remember(settings: VpinSettings, state: VpinState, value: float | None) -> None:
    """Let the value join the history only after it was compared with it."""
    if value is not None and _compares(settings):
        state.history.add(value, settings.method.cdf_history)


def _rank(settings: VpinSettings, state: VpinState, value: float | None) -> JsonObject:
    if value is None or not state.history.values or not _compares(settings):
        return {}
    return {"cdf": state.history.share(value), "cdf_history": len(state.history.values)}


def _detail(method: VpinMethod, state: VpinState, ended: _EndedBar, filled: Filled) -> JsonObject:
    detail: JsonObject = {
        "bucket": state.window.completed - 1,
        "buy_volume": filled.bought,
        "bucket_lots": filled.capacity,
        "bar": rfc3339(moment_at(ended.bar.start_ns // 1000)),
        "sigma": ended.sigma,
        "estimator": method.estimator,
        "input": state.input,
        "late": state.bars.late,
        "repeated": state.bars.repeated,
    }
    return detail | {"passed": filled.passed} if filled.passed else detail


def _recipe(method: VpinMethod) -> str:
    """Say, for the evidence, how to compute the value again."""
    sigma = "estimated" if method.sigma is None else f"{method.sigma!r}"
    return (
        f"VPIN of {method.window} buckets of {method.bucket_volume} lots of {method.lot_size:g}, "
        f"{method.bar_interval} bars, bulk classification, sigma {sigma}"
    )


def _reason(method: VpinMethod, state: VpinState, value: float | None, limit: Limit) -> str | None:
    if value is not None:
        past = len(state.history.values)
        return f"{past} of {method.cdf_history} past readings" if limit.threshold is None else None
    there = len(state.window.buckets)
    if there < method.window:
        return f"{there} of {method.window} buckets"
    return f"{state.window.unclassified} of {method.window} buckets came before sigma was known"


def _unset(
    settings: VpinSettings, state: VpinState, stream: str, times_ns: Ints, sequences: Ints
) -> Iterator[Measurement]:
    """Say once a day of event time that no bucket volume is set: unknown is not silence."""
    for time_ns, sequence in zip(times_ns.tolist(), sequences.tolist(), strict=True):
        day, moment = time_ns // _DAY_NS, moment_at(time_ns // 1000)
        if state.reported_day is None or day > state.reported_day:
            state.reported_day = day
            yield Measurement(
                key=state.key,
                timestamp=moment,
                number=day,
                value=None,
                limits=_limits(settings, state),
                evidence=evidence_since(None, stream, sequence, moment, "none"),
                reason=_UNSET,
            )
