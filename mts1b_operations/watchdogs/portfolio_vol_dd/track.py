"""The track of a fund: what a unit of it is worth, day by day, with flows taken out.

Money that comes in buys units at the price before it came, so that the price of a unit is the
time-weighted performance, and a bad print leaves no trace in the ones after it.
"""

from dataclasses import dataclass, field

from mts1b_operations.watchdogs.judging.instants import DAY_MICROSECONDS

LARGEST = 1e30
"""Levels and NAVs beyond this are typing errors."""

SMALLEST = 1e-30
"""Prices of a unit below this count as nothing."""


@dataclass(slots=True)
class Start:
    """The first message of a day or of a track, and its moment (microseconds since 1970)."""

    sequence: int
    moment: int


@dataclass(slots=True)
class Day:
    """A day that has ended: its return, and where it started."""

    change: float
    start: Start


@dataclass(slots=True)
class Level:
    """A level against its peak. Both start at 1: the start counts as the first peak."""

    now: float = 1.0
    peak: float = 1.0
    deepest: float = 0.0

    @property
    def drawdown(self) -> float:
        """Give the relative distance to the peak, at most 0."""
        return self.now / self.peak - 1.0

    def move(self, level: float) -> None:
        """Go to `level`."""
        self.now = level
        self.peak = max(self.peak, level)
        self.deepest = min(self.deepest, self.drawdown)


@dataclass(slots=True)
class FundTrack:
    """Unit price, daily returns and the day in progress.

    `units` is None until a NAV above zero founds them. `close` is the last price above zero: a day
    ends at it, and units are founded anew at it. `opening` is the close of the day before, `base`
    what the day's loss is counted from: the opening, or on the first day of all its first print.
    Both are None after a loss of input, until a day has begun that was seen whole.
    """

    level: Level = field(default_factory=Level)
    close: float = 1.0
    units: float | None = None
    opening: float | None = None
    base: float | None = None
    latest: int | None = None
    day_start: Start | None = None
    track_start: Start | None = None
    days: list[Day] = field(default_factory=list)
    prints: int = 0
    out_of_order: int = 0

    def accepts(self, moment: int) -> bool:
        """Tell whether a print of `moment` is new; count it where it comes out of order."""
        if self.latest is None or moment > self.latest:
            return True
        self.out_of_order += moment < self.latest
        return False

    def take(self, nav: float, flow: float, start: Start, window: int) -> bool:
        """Take in a new print; tell whether it gave a unit a credible price.

        `nav` includes `flow`. At most `window` days are kept.
        """
        self._turn_day(start, window)
        self.latest = start.moment
        self.prints += 1
        if self.units is None:
            return self._found(nav, start)
        price = (nav - flow) / self.units
        if not credible(price):
            return False
        self._move(price)
        if flow != 0:
            self._settle_flow(nav, price)
        return True

    @property
    def running_return(self) -> float | None:
        """Give the return of the day in progress; None where its opening is unknown."""
        return None if self.opening is None else self.level.now / self.opening - 1.0

    @property
    def daily_loss(self) -> float | None:
        """Give the day's loss as a share of its opening price, a gain as a negative one."""
        return None if self.base is None else 1.0 - self.level.now / self.base

    def forget(self) -> None:
        """Drop returns and the day in progress; the price level and its peak stand.

        What happened to the price while nothing was seen is not counted: it may have been a flow.
        """
        self.days.clear()
        self.units = self.opening = self.base = None

    def _turn_day(self, start: Start, window: int) -> None:
        if self.latest is None or self.day_start is None:
            self.day_start = start
        elif start.moment // DAY_MICROSECONDS > self.latest // DAY_MICROSECONDS:
            if self.opening is not None:
                self.days.append(Day(self.close / self.opening - 1.0, self.day_start))
                del self.days[:-window]
            if self.units is not None:
                self.opening = self.base = self.close
            self.day_start = start

    def _found(self, nav: float, start: Start) -> bool:
        units = nav / self.close
        if not credible(nav) or units < SMALLEST:
            return False
        self.units = units
        self._move(self.close)
        if self.track_start is None:
            self.track_start, self.base = start, self.close
        return True

    def _move(self, price: float) -> None:
        self.level.move(price)
        if price >= SMALLEST:
            self.close = price

    def _settle_flow(self, nav: float, price: float) -> None:
        """Buy or sell units; what cannot be priced founds them anew at the last close."""
        units = nav / price if price >= SMALLEST else 0.0
        self.units = units if units >= SMALLEST else None


def credible(level: float) -> bool:
    """Tell whether `level` can be reckoned with: a typing error must not overflow the rest."""
    return abs(level) <= LARGEST
