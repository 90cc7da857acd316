"""From a full bucket to a measurement: window, limits, and what the reading says of its method."""

from collections.abc import Iterator
from dataclasses import dataclass

from mts1b_operations.events.contracts.alerts import Evidence
from mts1b_operations.events.fields import JsonObject, rfc3339
from mts1b_operations.stats.vpin import Filled, empirical_cdf, imbalance, level_of_cdf, vpin
from mts1b_operations.watchdogs.judging.instants import moment_at
from mts1b_operations.watchdogs.judging.measurement import Limit, Measurement
from mts1b_operations.watchdogs.vpin.settings import VpinLimits, VpinMethod, VpinSettings
from mts1b_operations.watchdogs.vpin.state import BarInProgress, Origin, VpinState, WindowBucket

_DAY_NS = 86_400_000_000_000


@dataclass(frozen=True, slots=True)
class FinishedBar:
    """A bar that has ended, the stream that it came from, and the sigma that classified it."""

    stream: str
    bar: BarInProgress
    sigma: float | None


def measure(
    settings: VpinSettings, state: VpinState, finished: FinishedBar, origin: Origin, filled: Filled
) -> Measurement:
    """Take a full bucket into the window and measure."""
    method, bought = settings.method, filled.bought
    capacity = method.bucket_lots or 1
    share = None if bought is None else imbalance(bought, capacity)
    copies = min(1 + filled.passed, method.window)
    state.window += [WindowBucket(share, origin)] * copies
    del state.window[: -method.window]
    state.completed += 1 + filled.passed
    value = _value(method, state)
    limits = tuple(_limits(settings, state))
    measurement = Measurement(
        key=state.key,
        timestamp=moment_at((finished.bar.start_ns + method.interval_ns) // 1000),
        number=state.completed - 1,
        value=value,
        limits=limits,
        evidence=_evidence(method, state, finished),
        detail=_detail(settings, state, finished, filled, value),
        reason=_reason(method, state, value, limits[0]),
    )
    _remember(settings, state, value)
    return measurement


def unset(
    settings: VpinSettings, state: VpinState, stream: str, time_ns: int, sequence: int
) -> Iterator[Measurement]:
    """Say once a day of event time that no bucket volume is set: unknown is not silence."""
    day = time_ns // _DAY_NS
    if state.reported_day is not None and day <= state.reported_day:
        return
    state.reported_day = day
    moment = moment_at(time_ns // 1000)
    yield Measurement(
        key=state.key,
        timestamp=moment,
        number=day,
        value=None,
        limits=tuple(_limits(settings, state)),
        evidence=Evidence(
            stream=stream, first_seq=sequence, last_seq=sequence, window_end=moment, method="none"
        ),
        reason="bucket_volume is not set; set it under watchdogs.vpin, or there under symbols",
    )


def _value(method: VpinMethod, state: VpinState) -> float | None:
    known = [one.imbalance for one in state.window if one.imbalance is not None]
    return vpin(known) if len(known) == method.window else None


def _limits(settings: VpinSettings, state: VpinState) -> Iterator[Limit]:
    yield _limit(settings.method, state, settings.firm, None)
    for fund_id, limits in settings.funds.items():
        yield _limit(settings.method, state, limits, fund_id)


def _limit(method: VpinMethod, state: VpinState, limits: VpinLimits, fund_id: str | None) -> Limit:
    if limits.rule == "level":
        return Limit("level", fund_id, ">", limits.threshold, limits.clear_threshold)
    if len(state.history) < method.cdf_history:
        return Limit("cdf", fund_id, ">=", None)
    # In the unit of the value: a threshold that a reader can hold the value against.
    threshold = level_of_cdf(state.history, limits.cdf_threshold)
    clear = level_of_cdf(state.history, limits.cdf_clear_threshold)
    return Limit("cdf", fund_id, ">=", threshold, clear)


def _remember(settings: VpinSettings, state: VpinState, value: float | None) -> None:
    """Let the value join the history only after it was compared with it."""
    if value is not None and settings.keeps_history:
        state.history.append(value)
        del state.history[: -settings.method.cdf_history]


def _detail(
    settings: VpinSettings,
    state: VpinState,
    finished: FinishedBar,
    filled: Filled,
    value: float | None,
) -> JsonObject:
    method = settings.method
    detail: JsonObject = {
        "bucket": state.completed - 1,
        "buy_volume": filled.bought,
        "bucket_lots": method.bucket_lots,
        "bar": rfc3339(moment_at(finished.bar.start_ns // 1000)),
        "sigma": finished.sigma,
        "estimator": method.estimator,
        "input": state.input,
        "late": state.late,
        "repeated": state.repeated,
    }
    if filled.passed:
        detail["passed"] = filled.passed
    if settings.keeps_history and value is not None and state.history:
        detail["cdf"] = empirical_cdf(state.history, value)
        detail["cdf_history"] = len(state.history)
    return detail


def _evidence(method: VpinMethod, state: VpinState, finished: FinishedBar) -> Evidence:
    first, bar = state.window[0].origin, finished.bar
    sigma = "estimated" if method.sigma is None else f"{method.sigma!r}"
    return Evidence(
        stream=finished.stream,
        first_seq=first.sequence,
        last_seq=bar.last_seq,
        window_start=moment_at(first.start_ns // 1000),
        window_end=moment_at((bar.start_ns + method.interval_ns) // 1000),
        method=(
            f"VPIN of {method.window} buckets of {method.bucket_lots} lots of {method.lot_size:g}, "
            f"{method.bar_interval} bars, bulk classification, sigma {sigma}"
        ),
    )


def _reason(method: VpinMethod, state: VpinState, value: float | None, limit: Limit) -> str | None:
    if value is not None:
        short = limit.threshold is None
        return f"{len(state.history)} of {method.cdf_history} past readings" if short else None
    if len(state.window) < method.window:
        return f"{len(state.window)} of {method.window} buckets"
    blind = sum(one.imbalance is None for one in state.window)
    return f"{blind} of {method.window} buckets came before sigma was known"
