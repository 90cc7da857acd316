"""What a reading rests on: the messages and the time that it was made of."""

from datetime import datetime

from mts1b_operations.events.contracts.alerts import Evidence
from mts1b_operations.stats.origin import Origin
from mts1b_operations.watchdogs.judging.instants import moment_at


def evidence_since(
    origin: Origin | None, stream: str, last: int, end: datetime, method: str
) -> Evidence:
    """Name the messages of `stream` from `origin` to `last`; only `last` where that is None."""
    return Evidence(
        stream=stream,
        first_seq=origin.sequence if origin else last,
        last_seq=last,
        window_start=moment_at(origin.moment) if origin else None,
        window_end=end,
        method=method,
    )
