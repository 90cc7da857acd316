"""Moments as whole numbers: exact, and quick to compare."""

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def microseconds(moment: datetime) -> int:
    """Give an aware moment as whole microseconds since 1970."""
    return (moment - _EPOCH) // _MICROSECOND


def moment_at(microsecond: int) -> datetime:
    """Give the moment, in UTC, that lies `microsecond` microseconds after 1970 began."""
    return _EPOCH + timedelta(microseconds=microsecond)
