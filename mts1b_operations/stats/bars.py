"""Time bars of one symbol, built from trades or as published, and the price change of each.

A bar built from trades ends when a trade of a later bar arrives; no clock ends it, so that a
replay and a live run see the same bars. Times are nanoseconds since 1970, volumes whole lots.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np

from mts1b_operations.events.columns import Floats
from mts1b_operations.stats.sessions import Sessions

LARGEST_LOTS = 2**53
"""Lots beyond which doubles skip integers; a larger size is taken for that many."""

INTERVAL = r"^[1-9][0-9]{0,4}[smhd]$"
"""What the name of an interval looks like: "1m", "10s"."""

_UNIT_NS = {"s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9, "d": 86_400 * 10**9}

_LARGEST_CHANGE = 1e100
"""A price change beyond this is a typing error, and its square must not overflow."""


@dataclass(slots=True)
class TimeBar:
    """A bar: its start, its first and last price, its lots, and the messages that made it."""

    start_ns: int
    first: float
    close: float
    lots: int
    first_seq: int
    last_seq: int


@dataclass(slots=True)
class BarSeries:
    """The bar in progress, and what the next one is compared with.

    `last_close` is None before the first bar and after a loss; `session_end_ns` is where the
    session of that close ends. `late` counts trades from before the open bar, `repeated` bars
    that are not after the last one.
    """

    open_bar: TimeBar | None = None
    last_start_ns: int | None = None
    last_close: float | None = None
    session_end_ns: int = 0
    late: int = 0
    repeated: int = 0

    def of_trades(self, trades: Iterable[tuple[int, float, int, int]]) -> Iterator[TimeBar]:
        """Build bars from trades (start of the bar, price, lots, sequence); give those that end.

        A late trade joins the open bar's volume without moving its close.
        """
        bar = self.open_bar
        for start_ns, price, lots, sequence in trades:
            if bar is None or start_ns > bar.start_ns:
                if bar is not None:
                    yield bar
                bar = TimeBar(start_ns, price, price, lots, sequence, sequence)
                continue
            if start_ns == bar.start_ns:
                bar.close = price
            else:
                self.late += 1
            bar.lots += lots
            bar.last_seq = sequence
        self.open_bar = bar

    def of_bars(self, bars: Iterable[tuple[int, float, float, int, int]]) -> Iterator[TimeBar]:
        """Give the bars (start, open, close, lots, sequence) after the last; count the others."""
        for start_ns, first, close, lots, sequence in bars:
            if self.last_start_ns is not None and start_ns <= self.last_start_ns:
                self.repeated += 1
            else:
                yield TimeBar(start_ns, first, close, lots, sequence, sequence)

    def change(self, bar: TimeBar, sessions: Sessions) -> float:
        """End `bar`: give close - previous close, or close - open for the first of a session."""
        before = self.last_close
        if before is None or bar.start_ns >= self.session_end_ns:
            _, self.session_end_ns = sessions.span(bar.start_ns)
            before = bar.first
        self.last_close, self.last_start_ns = bar.close, bar.start_ns
        return max(-_LARGEST_CHANGE, min(_LARGEST_CHANGE, bar.close - before))

    def forget(self) -> None:
        """Drop the bar in progress and the last close, after trades or bars were lost."""
        self.open_bar = self.last_close = None


def whole_lots(sizes: Floats, lot_size: float) -> list[int]:
    """Round n sizes to whole lots: sums of float sizes would lose buckets."""
    lots = np.minimum(np.rint(sizes / lot_size), float(LARGEST_LOTS))
    return [int(one) for one in lots.astype(np.int64).tolist()]


@cache
def nanoseconds_of(interval: str) -> int:
    """Give the length of an `interval` such as "1m"."""
    return int(interval[:-1]) * _UNIT_NS[interval[-1]]
