"""The shape of a watchdog of market data: it takes the trades and bars of a symbol as columns."""

from abc import abstractmethod
from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar

import numpy as np

from mts1b_operations.events.columns import Floats, Ints, to_nanoseconds
from mts1b_operations.events.contracts.market import Bar, Trade, TradeBatch
from mts1b_operations.events.envelope import Provenance
from mts1b_operations.events.fields import EventModel
from mts1b_operations.watchdogs.judging.measurement import Measurement
from mts1b_operations.watchdogs.judging.watchdog import SettingsT, StateT, Watchdog


class MarketWatchdog(Watchdog[SettingsT, StateT]):
    """Watches a symbol. Single events are folded as columns of one row, so that both ways agree."""

    consumes: ClassVar[tuple[type[EventModel], ...]] = (Trade, TradeBatch, Bar)

    @abstractmethod
    def observe_trades(
        self,
        settings: SettingsT,
        state: StateT,
        stream: str,
        times_ns: Ints,
        prices: Floats,
        sizes: Floats,
        sequences: Ints,
    ) -> list[Measurement]:
        """Fold n trades of this symbol in stream order, columns of shape (n,).

        `times_ns` are nanoseconds since 1970, `sequences` positions in `stream`.
        """

    @abstractmethod
    def observe_bars(  # noqa: PLR0917 - columns come side by side
        self,
        settings: SettingsT,
        state: StateT,
        stream: str,
        starts_ns: Ints,
        interval: str,
        opens: Floats,
        closes: Floats,
        volumes: Floats,
        sequences: Ints,
    ) -> list[Measurement]:
        """Fold n bars of one `interval` of this symbol in stream order, columns of shape (n,)."""

    def observe(
        self, settings: SettingsT, state: StateT, event: EventModel, provenance: Provenance
    ) -> list[Measurement]:
        """Fold one trade, batch of trades or bar, by way of the columns."""
        match event:
            case Trade():
                columns = _columns([event.timestamp], [event.price], [event.size])
            case TradeBatch():
                columns = _columns(event.timestamps, event.prices, event.sizes)
            case Bar():
                return self._observe_bar(settings, state, event, provenance)
            case _:
                found = type(event).__name__
                raise TypeError(f"expected a trade, a batch of them or a bar, found {found}")
        sequences = np.full(len(columns[0]), provenance.sequence, dtype=np.int64)
        return self.observe_trades(settings, state, provenance.stream, *columns, sequences)

    def route(self, event: EventModel) -> str:
        """Give the symbol."""
        return str(getattr(event, "symbol"))  # noqa: B009 - all that is consumed has one

    def _observe_bar(
        self, settings: SettingsT, state: StateT, bar: Bar, provenance: Provenance
    ) -> list[Measurement]:
        starts, opens, closes = _columns([bar.timestamp], [bar.open], [bar.close])
        columns = (starts, bar.interval, opens, closes, np.array([bar.volume], dtype=np.float64))
        sequences = np.array([provenance.sequence], dtype=np.int64)
        return self.observe_bars(settings, state, provenance.stream, *columns, sequences)


def _columns(
    moments: Sequence[datetime], first: Sequence[float], second: Sequence[float]
) -> tuple[Ints, Floats, Floats]:
    times = np.array([to_nanoseconds(moment) for moment in moments], dtype=np.int64)
    return times, np.array(first, dtype=np.float64), np.array(second, dtype=np.float64)
