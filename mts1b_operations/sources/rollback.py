"""Notices that a stream lost its end in a crash and gave the same sequences to other messages.

A stream that persists asynchronously forgets what its server had not written when it was killed
(nats-server 2.15.1: some ten to a hundred messages), delivered or not, and counts on from there.
By the time the reader is back, the stream may be as long as before, so that its length says
nothing. The last message that was read tells: it must be there still, with the same store time.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from uuid import uuid4

from mts1b_operations.sources.answers import consumer_info, is_delivery, place_of
from mts1b_operations.sources.connection import Connection
from mts1b_operations.sources.framing import Frame
from mts1b_operations.sources.position import Place, Position, StreamState

_SECOND_NS = 1_000_000_000


def rolled_back_to(
    connection: Connection,
    stream: str,
    filters: tuple[str, ...],
    position: Position,
    state: StreamState,
    deadline: float,
) -> int | None:
    """Give the first sequence that was given anew, or None where the stream kept its end.

    What is stored later than the last message that was read has not been read; what is stored
    before has. Where that message has been trimmed, nothing can be said: None.
    Blocks until `deadline` (monotonic). Raises ConnectionLostError.
    """
    last_read = position.last_read
    if last_read is None or position.created != state.created:
        return None
    if state.first_sequence > last_read.sequence:
        return None
    by_sequence = {"deliver_policy": "by_start_sequence", "opt_start_seq": last_read.sequence}
    if _first(connection, stream, filters, by_sequence, deadline) == last_read:
        return None
    since = _rfc3339(last_read.stored_ns + 1)
    by_time = {"deliver_policy": "by_start_time", "opt_start_time": since}
    newer = _first(connection, stream, filters, by_time, deadline)
    return newer.sequence if newer is not None else state.last_sequence + 1


def _first(
    connection: Connection,
    stream: str,
    filters: tuple[str, ...],
    start: Mapping[str, object],
    deadline: float,
) -> Place | None:
    """Give the place of the first message from `start` on, None where there is none."""
    name = f"mts-{uuid4().hex[:16]}"
    config = {
        "name": name,
        "ack_policy": "none",
        "filter_subjects": list(filters),
        "inactive_threshold": _SECOND_NS,
        "mem_storage": True,
        **start,
    }
    body = {"stream_name": stream, "config": config, "action": "create"}
    create = f"$JS.API.CONSUMER.CREATE.{stream}.{name}"
    consumer_info(connection.request(create, body, "open", deadline))
    pull = json.dumps({"batch": 1, "no_wait": True}).encode()
    connection.publish(f"$JS.API.CONSUMER.MSG.NEXT.{stream}.{name}", pull, name)
    nothing = f"{connection.inbox}.{name}"

    def answers(frame: Frame) -> bool:
        return is_delivery(frame) or frame.subject == nothing

    frame = connection.first(answers, "an answer to a pull request", deadline)
    return place_of(frame) if is_delivery(frame) else None


def _rfc3339(nanoseconds: int) -> str:
    seconds, rest = divmod(nanoseconds, _SECOND_NS)
    moment = datetime.fromtimestamp(seconds, tz=UTC)
    return f"{moment.strftime('%Y-%m-%dT%H:%M:%S')}.{rest:09d}Z"
