"""Feeds market data in columns to the watches of its symbols, one run of rows a symbol."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from mts1b_operations.events.columns import BarColumns, Ints, MarketBatch, TradeColumns
from mts1b_operations.events.envelope import Emission
from mts1b_operations.operators.watch import AnyKeyWatch, WatchOf
from mts1b_operations.watchdogs.judging.market import MarketWatchdog
from mts1b_operations.watchdogs.judging.measurement import Measurement

AnyMarketWatchdog = MarketWatchdog[object, object]
"""A watchdog of market data of which nobody needs to know what its settings and state are."""


class MarketFeed:
    """Gives a batch to the columnar watchdogs, symbol by symbol."""

    def __init__(self, watchdogs: Sequence[AnyMarketWatchdog]) -> None:
        self._watchdogs = tuple(watchdogs)

    def __call__(self, batch: MarketBatch, watch_of: WatchOf) -> list[Emission]:
        """Fold a batch; give what the watches announce, by symbol and within it in order."""
        emissions: list[Emission] = []
        for watchdog in self._watchdogs:
            for code, symbol in enumerate(batch.trades.symbols):
                watch = watch_of(watchdog.name, symbol)
                for measurements in _fold(watchdog, watch, batch, code):
                    emissions.extend(watch.announce(measurements))
        return emissions


def _fold(
    watchdog: AnyMarketWatchdog, watch: AnyKeyWatch, batch: MarketBatch, code: int
) -> Iterator[list[Measurement]]:
    """Feed trades and bars of one symbol, the kind that came first in the stream first."""
    trades = np.flatnonzero(batch.trades.codes == code)
    bars = np.flatnonzero(batch.bars.codes == code)
    kinds: list[tuple[Ints, Callable[[], Iterator[list[Measurement]]]]] = [
        (batch.trades.sequences[trades], lambda: _trades(watchdog, watch, batch, trades)),
        (batch.bars.sequences[bars], lambda: _bars(watchdog, watch, batch, bars)),
    ]
    present = [(int(sequences[0]), fold) for sequences, fold in kinds if len(sequences)]
    for _, fold in sorted(present, key=lambda kind: kind[0]):
        yield from fold()


def _trades(
    watchdog: AnyMarketWatchdog, watch: AnyKeyWatch, batch: MarketBatch, rows: Ints
) -> Iterator[list[Measurement]]:
    of: TradeColumns = batch.trades
    yield watchdog.observe_trades(
        watch.settings,
        watch.state,
        batch.stream,
        of.times_ns[rows],
        of.prices[rows],
        of.sizes[rows],
        of.sequences[rows],
    )


def _bars(
    watchdog: AnyMarketWatchdog, watch: AnyKeyWatch, batch: MarketBatch, rows: Ints
) -> Iterator[list[Measurement]]:
    of: BarColumns = batch.bars
    intervals = [of.intervals[row] for row in rows]
    for interval in dict.fromkeys(intervals):
        same = rows[[index for index, one in enumerate(intervals) if one == interval]]
        yield watchdog.observe_bars(
            watch.settings,
            watch.state,
            batch.stream,
            of.starts_ns[same],
            interval,
            of.opens[same],
            of.closes[same],
            of.volumes[same],
            of.sequences[same],
        )
