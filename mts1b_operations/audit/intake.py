"""From a stored message to audit facts: every message can be written down, however broken."""

import json
from base64 import b64encode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256

from mts1b_operations.audit.chain import AuditFacts
from mts1b_operations.events.canonical import canonical_json
from mts1b_operations.events.fields import rfc3339
from mts1b_operations.events.subjects import PREFIX, UnknownSubjectError, resolve

UNKNOWN_ACTOR = "unknown"
"""The actor of a message that does not say who published it."""


_MAX_DEPTH = 100


@dataclass(frozen=True, slots=True)
class StoredMessage:
    """A message and its place: the stream, the stream's creation, the sequence, the store time."""

    subject: str
    payload: bytes
    headers: Mapping[str, str]
    stream: str
    stream_created: str
    sequence: int
    stored: datetime


class _UnfitJsonError(ValueError):
    """JSON that two readers may understand differently, or not at all."""


def facts_of(message: StoredMessage) -> AuditFacts:
    """Write down one message. Never raises: what cannot be read is kept as base64."""
    actor = _storable(message.headers.get("ce-source", "")) or UNKNOWN_ACTOR
    event_id = message.headers.get("ce-id", "")
    source = actor if event_id else f"{message.stream}@{message.stream_created}"
    action, subject_id = _action_of(message.subject)
    return AuditFacts(
        source=source,
        event_id=_storable(event_id) or str(message.sequence),
        timestamp=_timestamp(message.headers.get("ce-time", ""), message.stored),
        actor=actor,
        action=action,
        subject_id=subject_id,
        data=canonical_payload(message.payload),
        content=sha256(message.subject.encode() + b"\0" + message.payload).digest(),
    )


def canonical_payload(payload: bytes) -> bytes:
    """Give the canonical JSON of `payload`, or of `{"payload_base64": …}` where it has none.

    It has none when it is not JSON in UTF-8, holds NaN or an infinity, repeats a name in an
    object (only one of the values would be kept), holds the character NUL (PostgreSQL could not
    query it), or is nested deeper than 100 levels (a reader with a deeper stack than ours could
    not read it back).
    """
    try:
        value: object = json.loads(
            payload.decode(), object_pairs_hook=_unambiguous, parse_constant=_refuse_constant
        )
        _require_shallow(value, openings=payload.count(b"[") + payload.count(b"{"))
        return _without_nul(canonical_json(value))
    except (ValueError, RecursionError):
        return canonical_json({"payload_base64": b64encode(payload).decode("ascii")})


def _without_nul(canonical: bytes) -> bytes:
    if b"\\u0000" in canonical:
        raise _UnfitJsonError("expected text without NUL")
    return canonical


def _unambiguous(pairs: list[tuple[str, object]]) -> dict[str, object]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise _UnfitJsonError("expected every name once in an object")
    return value


def _require_shallow(value: object, openings: int) -> None:
    if openings <= _MAX_DEPTH:
        return
    depth, level = 0, [value]
    while level:
        depth, level = depth + 1, [inner for outer in level for inner in _containers_in(outer)]
    if depth > _MAX_DEPTH:
        raise _UnfitJsonError(f"expected at most {_MAX_DEPTH} levels, found {depth}")


def _containers_in(value: object) -> list[object]:
    inside = value.values() if isinstance(value, dict) else value
    if not isinstance(inside, Iterable) or isinstance(inside, str):
        return []
    return [inner for inner in inside if isinstance(inner, list | dict)]


def _refuse_constant(constant: str) -> object:
    raise _UnfitJsonError(f"expected a JSON number, found {constant}")


def _action_of(subject: str) -> tuple[str, str]:
    """Split a subject into the action and the decoded key; an unregistered one is all action."""
    try:
        address = resolve(subject)
    except UnknownSubjectError:
        return _storable(subject.removeprefix(PREFIX)), ""
    return address.spec.name, _storable(address.key)


def _storable(text: str) -> str:
    """Give `text` with NUL written as `%00`, since a PostgreSQL text cannot hold it."""
    return text.replace("\0", "%00")


def _timestamp(claimed: str, stored: datetime) -> str:
    """Give the time that the publisher claims, or the time of storage where it claims none."""
    try:
        moment = datetime.fromisoformat(claimed)
        return rfc3339(moment if moment.tzinfo else stored)
    except (ValueError, OverflowError):
        return rfc3339(stored.astimezone(UTC))
