"""VPIN, from trades or from bars.

Easley, Lopez de Prado and O'Hara (2012), Review of Financial Studies 25(5): time bars classified
in bulk, packed in time order into buckets of equal volume, n buckets a reading.

A bar built from trades ends when a trade of a later bar arrives; no clock ends it, so that a
replay and a live run see the same bars. A print from before the open bar joins that bar's volume
and does not move its close. Sizes are rounded to whole lots.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import ClassVar

import numpy as np

from mts1b_operations.events.columns import Floats, Ints, to_nanoseconds
from mts1b_operations.events.contracts.market import Bar, Trade, TradeBatch
from mts1b_operations.events.envelope import Provenance
from mts1b_operations.events.fields import EventModel
from mts1b_operations.settings.tree import SettingsTree
from mts1b_operations.watchdogs.judging.measurement import Limit, Measurement
from mts1b_operations.watchdogs.judging.watchdog import Action, Terms, Watchdog, rule_version
from mts1b_operations.watchdogs.vpin import settings as configured
from mts1b_operations.watchdogs.vpin.bars import bars_of_trades, close_bar, known_sigma, new_bars
from mts1b_operations.watchdogs.vpin.readings import FinishedBar, measure, unset
from mts1b_operations.watchdogs.vpin.settings import VpinSettings
from mts1b_operations.watchdogs.vpin.state import BarInProgress, InputKind, VpinState

_RULES = "1"
_LARGEST = 2.0**53
"""Lots beyond which doubles skip integers; a larger size is taken for that many."""


class Vpin(Watchdog[VpinSettings, VpinState]):
    """One reading a completed bucket of a symbol; limits for the firm and for single funds."""

    name = configured.NAME
    consumes: ClassVar[tuple[type[EventModel], ...]] = (Trade, TradeBatch, Bar)
    state_type = VpinState

    def settle(self, tree: SettingsTree, key: str) -> VpinSettings:
        """Give the settings of the symbol `key`. Raises SettingsError for a bad one."""
        return configured.settle(tree, key)

    def check(self, tree: SettingsTree) -> None:
        """Raise SettingsError if a setting of the firm, a symbol or a fund is bad."""
        for symbol in ["", *configured.symbols_of(tree)]:
            configured.settle(tree, symbol)

    def begin(self, key: str) -> VpinState:
        """Give the state of a symbol without trades."""
        return VpinState(key)

    def route(self, event: EventModel) -> str:
        """Give the symbol."""
        return str(getattr(event, "symbol"))  # noqa: B009 - all that is consumed has one

    def observe(
        self, settings: VpinSettings, state: VpinState, event: EventModel, provenance: Provenance
    ) -> list[Measurement]:
        """Fold one trade, batch of trades or bar, by way of the columns."""
        match event:
            case Trade():
                columns = _trade_columns([event.timestamp], [event.price], [event.size])
            case TradeBatch():
                columns = _trade_columns(event.timestamps, event.prices, event.sizes)
            case Bar():
                return self._observe_bar(settings, state, event, provenance)
            case _:
                found = type(event).__name__
                raise TypeError(f"expected a trade, a batch of them or a bar, found {found}")
        sequences = np.full(len(columns[0]), provenance.sequence, dtype=np.int64)
        return self.observe_trades(settings, state, provenance.stream, *columns, sequences)

    def _observe_bar(
        self, settings: VpinSettings, state: VpinState, bar: Bar, provenance: Provenance
    ) -> list[Measurement]:
        starts = np.array([to_nanoseconds(bar.timestamp)], dtype=np.int64)
        opens, closes, volumes = np.array([[bar.open], [bar.close], [bar.volume]])
        sequences = np.array([provenance.sequence], dtype=np.int64)
        columns = (starts, bar.interval, opens, closes, volumes, sequences)
        return self.observe_bars(settings, state, provenance.stream, *columns)

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
        if settings.method.bucket_lots is None:
            return _unset(settings, state, stream, times_ns, sequences)
        interval = settings.method.interval_ns
        starts = times_ns // interval * interval
        lots = _lots(settings, sizes)
        rows = zip(starts.tolist(), prices.tolist(), lots, sequences.tolist(), strict=True)
        return [
            measurement
            for bar in bars_of_trades(state, rows)
            for measurement in _finish(settings, state, stream, bar)
        ]

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
        if settings.method.bucket_lots is None:
            return _unset(settings, state, stream, starts_ns, sequences)
        lots = _lots(settings, volumes)
        columns = (starts_ns.tolist(), opens.tolist(), closes.tolist(), lots, sequences.tolist())
        return [
            measurement
            for bar in new_bars(state, zip(*columns, strict=True))
            for measurement in _finish(settings, state, stream, bar)
        ]

    def terms(self, settings: VpinSettings, limit: Limit) -> Terms:
        """Give policy and severity of a fund's, or the firm's, limits."""
        limits = settings.limits_of(limit.fund_id)
        relevant = (settings.method.model_dump(), limits.when_it_fires())
        return Terms(limits.policy, limits.severity, rule_version(_RULES, *relevant))

    def forget(self, state: VpinState) -> None:
        """Start window, bucket and bar anew; what is known of past bars and readings stays."""
        state.window.clear()
        state.bucket.empty()
        state.origin = state.open_bar = state.last_close = None

    def actions(
        self, settings: VpinSettings, state: VpinState, measurement: Measurement, limit: Limit
    ) -> Sequence[Action]:
        """Ask to throttle aggressive orders in the symbol.

        The firm's request excepts funds with limits of their own: theirs speak for them.
        """
        limits = settings.limits_of(limit.fund_id)
        parameters: dict[str, object] = {"aggressive_share": limits.throttle_to}
        if limit.fund_id is None:
            parameters["except_funds"] = sorted(settings.funds)
        return [
            Action(
                action="throttle",
                parameters=parameters,
                reason=f"VPIN of {state.key} at {measurement.value}, limit {limit.threshold}",
                lasts=timedelta(seconds=limits.throttle_seconds),
                symbol=state.key,
            )
        ]


def _takes(settings: VpinSettings, state: VpinState, kind: InputKind) -> bool:
    """Tell whether this symbol is measured on `kind`; the first kind seen pins "auto"."""
    wanted = settings.method.input
    if wanted != "auto":
        state.input = wanted
    elif state.input is None:
        state.input = kind
    return state.input == kind


def _trade_columns(
    moments: Sequence[datetime], prices: Sequence[float], sizes: Sequence[float]
) -> tuple[Ints, Floats, Floats]:
    times = np.array([to_nanoseconds(moment) for moment in moments], dtype=np.int64)
    return times, np.array(prices, dtype=np.float64), np.array(sizes, dtype=np.float64)


def _lots(settings: VpinSettings, sizes: Floats) -> list[int]:
    lots = np.minimum(np.rint(sizes / settings.method.lot_size), _LARGEST)
    return [int(one) for one in lots.astype(np.int64).tolist()]


def _unset(
    settings: VpinSettings, state: VpinState, stream: str, times_ns: Ints, sequences: Ints
) -> list[Measurement]:
    return [
        measurement
        for time_ns, sequence in zip(times_ns.tolist(), sequences.tolist(), strict=True)
        for measurement in unset(settings, state, stream, time_ns, sequence)
    ]


def _finish(
    settings: VpinSettings, state: VpinState, stream: str, bar: BarInProgress
) -> list[Measurement]:
    method = settings.method
    finished = FinishedBar(stream, bar, known_sigma(method, state))
    filled = close_bar(method, state, bar, method.bucket_lots or 1, finished.sigma)
    return [measure(settings, state, finished, origin, bucket) for origin, bucket in filled]
