from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from mts1b_operations.stats.sessions import sessions_named

pytestmark = pytest.mark.unit

NEW_YORK = ZoneInfo("America/New_York")


def nanoseconds(moment: datetime) -> int:
    return round(moment.timestamp()) * 1_000_000_000


def same_session(name: str | None, one: datetime, other: datetime) -> bool:
    start, end = sessions_named(name).span(nanoseconds(one))
    return start <= nanoseconds(other) < end


def test_a_market_that_never_closes_has_one_session() -> None:
    assert same_session(None, datetime(1980, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC))


def test_utc_dates_end_at_midnight() -> None:
    evening = datetime(2026, 3, 2, 23, 59, 59, tzinfo=UTC)

    assert same_session("date", evening, datetime(2026, 3, 2, tzinfo=UTC))
    assert not same_session("date", evening, datetime(2026, 3, 3, tzinfo=UTC))


@pytest.mark.parametrize("day", [6, 9])
def test_late_trades_belong_to_the_day_before_and_after_clock_changes(day: int) -> None:
    """On 8 March 2026 New York's clocks go forward."""
    noon = datetime(2026, 3, day, 12, tzinfo=NEW_YORK)

    assert same_session("XNYS", noon, noon.replace(hour=4))
    assert same_session("XNYS", noon, noon.replace(hour=20))
    assert not same_session("XNYS", noon, noon.replace(day=day + 1, hour=4))


def test_futures_open_the_evening_before() -> None:
    chicago = ZoneInfo("America/Chicago")
    evening = datetime(2026, 3, 2, 17, 30, tzinfo=chicago)

    assert same_session("CMES", evening, datetime(2026, 3, 3, 15, tzinfo=chicago))
    assert not same_session("CMES", evening, datetime(2026, 3, 2, 15, tzinfo=chicago))


def test_an_unknown_calendar_is_named() -> None:
    with pytest.raises(ValueError, match="found 'XNIX'"):
        sessions_named("XNIX")
