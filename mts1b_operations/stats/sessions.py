"""Where a trading day ends: price changes do not cross that moment."""

import warnings
from abc import ABC, abstractmethod
from datetime import datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

_DAY_NS = 86_400_000_000_000
_DAY = timedelta(days=1)
_SECOND_NS = 1_000_000_000


class Sessions(ABC):
    """A cut of time into sessions."""

    @abstractmethod
    def span(self, time_ns: int) -> tuple[int, int]:
        """Give the session of a moment as [start, end), in nanoseconds since 1970."""


class Endless(Sessions):
    """A market that never closes: one session for all time."""

    def span(self, time_ns: int) -> tuple[int, int]:
        """Give a span that holds every moment of 64 bits."""
        del time_ns
        return -(1 << 63), 1 << 63


class UtcDates(Sessions):
    """Sessions that are the dates of UTC."""

    def span(self, time_ns: int) -> tuple[int, int]:
        """Give midnight to midnight, UTC."""
        start = time_ns - time_ns % _DAY_NS
        return start, start + _DAY_NS


class LocalDays(Sessions):
    """The trading days of an exchange, in its own time zone.

    A day is cut in the middle between its close and the next day's open, so that what trades
    before the open and after the close belongs to the day that traders count it to. `cut` is that
    moment, counted from the midnight that begins the day; it may lie in the evening before (futures
    that open on Sunday for Monday).
    """

    def __init__(self, zone: ZoneInfo, cut: timedelta) -> None:
        """Cut the days of `zone` at `cut` after (or before) their midnight."""
        self._zone = zone
        self._cut = cut

    def span(self, time_ns: int) -> tuple[int, int]:
        """Give the trading day around a moment; its length follows the zone's clock changes."""
        local = datetime.fromtimestamp(time_ns // _SECOND_NS, tz=self._zone).replace(tzinfo=None)
        midnight = datetime.combine((local - self._cut).date(), time())  # noqa: DTZ001, RUF100
        return self._at(midnight + self._cut), self._at(midnight + _DAY + self._cut)

    def _at(self, wall: datetime) -> int:
        return round(wall.replace(tzinfo=self._zone).timestamp()) * _SECOND_NS


@cache
def sessions_named(name: str | None) -> Sessions:
    """Give the sessions called "date" (UTC dates), by an exchange calendar's name, or None.

    None is a market that never closes. Raises ValueError for a calendar that is not known.
    """
    if name is None:
        return Endless()
    return UtcDates() if name == "date" else _calendar_days(name)


def _calendar_days(name: str) -> Sessions:
    # Loads pandas, which costs a second: only who names a calendar pays for it.
    import exchange_calendars  # noqa: PLC0415

    try:
        with warnings.catch_warnings():
            # What pandas has to say of the calendars' code is of no use to whoever names one.
            warnings.simplefilter("ignore", DeprecationWarning)
            # A short range, since only the hours are asked for, and a fixed one, since the default
            # range depends on today.
            calendar = exchange_calendars.get_calendar(name, start="2024-01-02", end="2024-03-28")
    except exchange_calendars.errors.InvalidCalendarName as unknown:
        raise ValueError(
            f'expected "date", null or a name of exchange_calendars such as "XNYS", found {name!r}'
        ) from unknown
    opens = _since_midnight(calendar.open_times[-1][1], calendar.open_offset)
    closes = _since_midnight(calendar.close_times[-1][1], calendar.close_offset)
    return LocalDays(ZoneInfo(str(calendar.tz)), (closes - _DAY + opens) / 2)


def _since_midnight(wall: time, days: int) -> timedelta:
    return timedelta(days=days, hours=wall.hour, minutes=wall.minute)
