"""When the simulated market trades: weekdays, one session of 390 minutes a day, in UTC."""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

SESSION_MINUTES = 390
"""Minutes of a session, as on the exchanges of the United States."""

_OPENING = time(14, 30, tzinfo=UTC)
_SATURDAY = 5


@dataclass(frozen=True, slots=True)
class Sessions:
    """Trading days in order, each given by its opening moment."""

    openings: tuple[datetime, ...]

    def __len__(self) -> int:
        return len(self.openings)

    def moment(self, day: int, minute: float) -> datetime:
        """Give the moment `minute` minutes after the opening of trading day `day` (from 0)."""
        return self.openings[day] + timedelta(microseconds=round(minute * 60_000_000))

    def close(self, day: int) -> datetime:
        """Give the end of trading day `day`."""
        return self.moment(day, SESSION_MINUTES)


def sessions_before(end: datetime, days: int) -> Sessions:
    """Give the last `days` sessions that are over at `end` (aware). Holidays are not known.

    Raises ValueError for a moment without a zone, or for fewer than one day.
    """
    if end.tzinfo is None:
        raise ValueError(f"expected an aware moment, found {end.isoformat()}; give it a time zone")
    if days < 1:
        raise ValueError(f"expected at least one trading day, found {days}")
    date = end.astimezone(UTC).date()
    openings: list[datetime] = []
    while len(openings) < days:
        opening = datetime.combine(date, _OPENING)
        over = opening + timedelta(minutes=SESSION_MINUTES) <= end
        if over and date.weekday() < _SATURDAY:
            openings.append(opening)
        date -= timedelta(days=1)
    return Sessions(tuple(reversed(openings)))
