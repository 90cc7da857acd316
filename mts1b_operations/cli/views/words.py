"""How numbers and durations are said."""

from datetime import timedelta

_MINUTE = timedelta(minutes=1)
_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)


def counted(number: int, noun: str) -> str:
    """Say how many: `0 halts`, `1 halt`, `1,200 halts`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def measured(value: float | None) -> str:
    """Say a measured value in three digits, or a dash for none."""
    return "-" if value is None else f"{value:.3g}"


def duration(delay: timedelta) -> str:
    """Say a duration in its two largest units: `2 d 3 h`, `3 h 5 min`, `12 min`, `40 s`."""
    if delay < _MINUTE:
        return f"{delay.total_seconds():.0f} s"
    if delay < _HOUR:
        return f"{delay // _MINUTE} min"
    if delay < _DAY:
        return f"{delay // _HOUR} h {delay % _HOUR // _MINUTE} min"
    return f"{delay.days} d {delay % _DAY // _HOUR} h"
