"""Market data in columns: what crosses from the decoder to the shards.

Codes point into `symbols`; all other columns are numpy arrays of one length n, in stream order.
Times are nanoseconds since the Unix epoch, prices and sizes as published.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from mts1b_operations.events.contracts.market import Bar, Trade, TradeBatch
from mts1b_operations.events.fields import EventModel

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def to_nanoseconds(moment: datetime) -> int:
    """Give a moment as nanoseconds since the epoch, exactly (a float would round)."""
    return (moment - _EPOCH) // _MICROSECOND * 1000


@dataclass(frozen=True, slots=True)
class TradeColumns:
    """n trades of a few symbols. `sequences` are the stream's, one a message, so they repeat."""

    symbols: tuple[str, ...]
    codes: Ints
    times_ns: Ints
    prices: Floats
    sizes: Floats
    sequences: Ints


@dataclass(frozen=True, slots=True)
class BarColumns:
    """n bars of a few symbols, each with its interval."""

    symbols: tuple[str, ...]
    codes: Ints
    starts_ns: Ints
    intervals: tuple[str, ...]
    opens: Floats
    closes: Floats
    volumes: Floats
    sequences: Ints


@dataclass(frozen=True, slots=True)
class MarketBatch:
    """The good market data of one micro-batch of one partition."""

    stream: str
    trades: TradeColumns
    bars: BarColumns


@dataclass(slots=True)
class MarketColumns:
    """Collects market events, row by row, into a `MarketBatch`."""

    stream: str
    _codes: dict[str, int] = field(default_factory=dict)
    _trades: list[tuple[int, int, float, float, int]] = field(default_factory=list)
    _bars: list[tuple[int, int, float, float, float, int]] = field(default_factory=list)
    _intervals: list[str] = field(default_factory=list)

    def add(self, event: EventModel, sequence: int) -> None:
        """Take in one event; quotes and others have no column."""
        if isinstance(event, Trade):
            time_ns = to_nanoseconds(event.timestamp)
            self._trades.append(
                (self._code(event.symbol), time_ns, event.price, event.size, sequence)
            )
        elif isinstance(event, TradeBatch):
            self._add_batch(event, sequence)
        elif isinstance(event, Bar):
            self._add_bar(event, sequence)

    def _code(self, symbol: str) -> int:
        return self._codes.setdefault(symbol, len(self._codes))

    def _add_batch(self, batch: TradeBatch, sequence: int) -> None:
        code = self._code(batch.symbol)
        rows = zip(batch.timestamps, batch.prices, batch.sizes, strict=True)
        self._trades.extend(
            (code, to_nanoseconds(moment), price, size, sequence) for moment, price, size in rows
        )

    def _add_bar(self, bar: Bar, sequence: int) -> None:
        start_ns = to_nanoseconds(bar.timestamp)
        row = (self._code(bar.symbol), start_ns, bar.open, bar.close, bar.volume, sequence)
        self._bars.append(row)
        self._intervals.append(bar.interval)

    def finish(self) -> MarketBatch:
        """Give what was collected, as columns."""
        symbols = tuple(self._codes)
        codes, times, prices, sizes, sequences = _columns(self._trades, 5)
        trades = TradeColumns(
            symbols, _ints(codes), _ints(times), _floats(prices), _floats(sizes), _ints(sequences)
        )
        codes, starts, opens, closes, volumes, sequences = _columns(self._bars, 6)
        bars = BarColumns(
            symbols,
            _ints(codes),
            _ints(starts),
            tuple(self._intervals),
            _floats(opens),
            _floats(closes),
            _floats(volumes),
            _ints(sequences),
        )
        return MarketBatch(self.stream, trades, bars)


def _columns(rows: Sequence[tuple[float, ...]], width: int) -> list[tuple[float, ...]]:
    """Turn rows into `width` columns; times stay int, since a tuple keeps its elements' types."""
    return list(zip(*rows, strict=True)) or [()] * width


def _ints(column: tuple[float, ...]) -> Ints:
    return np.array(column, dtype=np.int64)


def _floats(column: tuple[float, ...]) -> Floats:
    return np.array(column, dtype=np.float64)
