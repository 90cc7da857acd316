"""Returns by day, from ticks of a price.

A day is a date of UTC, and ends at the last price before the next day's first tick. A day without
ticks is no observation: the next return spans it.
"""

from dataclasses import dataclass, field

from mts1b_operations.stats.origin import Origin

_DAY_MICROSECONDS = 86_400_000_000


@dataclass(slots=True)
class Day:
    """A day that has ended: its return, and its first tick."""

    change: float
    origin: Origin


@dataclass(slots=True)
class DailyReturns:
    """The days that have ended, oldest first, and the day in progress.

    `opening` is the close of the day before, `base` what the day's loss is counted from: the
    opening, unless whoever watches knows a better one for the first day of all. Both are None
    after a loss of input, until a day has begun that was seen whole. `latest` is the moment of the
    last tick, in microseconds since 1970.
    """

    ended: list[Day] = field(default_factory=list)
    opening: float | None = None
    base: float | None = None
    origin: Origin | None = None
    latest: int | None = None
    out_of_order: int = 0

    def accepts(self, moment: int) -> bool:
        """Tell whether a tick of `moment` is after the last; count it where it is before."""
        if self.latest is None or moment > self.latest:
            return True
        self.out_of_order += moment < self.latest
        return False

    def turn(self, tick: Origin, close: float | None, keep: int) -> None:
        """Take in an accepted tick: begin a new day if it is of one. At most `keep` are kept.

        `close` is the last price before the tick, None where that is not known.
        """
        if self.latest is None:
            self.origin = tick
        elif tick.moment // _DAY_MICROSECONDS > self.latest // _DAY_MICROSECONDS:
            self._end(close, keep)
            self.origin = tick
        self.latest = tick.moment

    def window(self, price: float, length: int) -> list[float]:
        """Give the last `length` returns, the day in progress last; empty without its opening."""
        if self.opening is None:
            return []
        return [*(day.change for day in self.ended[-(length - 1) :]), price / self.opening - 1.0]

    def window_origin(self, length: int) -> Origin | None:
        """Give where the last `length` returns begin."""
        ended = self.ended[-(length - 1) :]
        return ended[0].origin if ended else self.origin

    def loss(self, price: float) -> float | None:
        """Give the day's loss as a share of its base, a gain as a negative one."""
        return None if self.base is None else 1.0 - price / self.base

    def forget(self) -> None:
        """Drop all returns and the day's opening, after ticks were lost."""
        self.ended.clear()
        self.opening = self.base = None

    def _end(self, close: float | None, keep: int) -> None:
        if close is None:
            return
        if self.opening is not None and self.origin is not None:
            self.ended.append(Day(close / self.opening - 1.0, self.origin))
            del self.ended[:-keep]
        self.opening = self.base = close
