"""From untrusted bytes to contracts: what is good passes, what is not gets a reason.

A payload is one object, an array of them, or (for trades) one columnar object. The elements of an
array stand or fall one by one: one bad print must not cost the ninety-nine beside it.
"""

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from pydantic import TypeAdapter, ValidationError
from pydantic_core import from_json, to_json

from mts1b_operations.events.envelope import RawMessage
from mts1b_operations.events.fields import EventModel, rfc3339
from mts1b_operations.events.subjects import Address, UnknownSubjectError, resolve

MAX_AHEAD = timedelta(minutes=5)
"""How far a clock may run ahead of the stream's before its events are refused."""

EARLIEST = datetime(1678, 1, 1, tzinfo=UTC)
"""The first event time that is taken: 64-bit nanoseconds since 1970 end in 1677."""

_MAX_AHEAD_S = MAX_AHEAD.total_seconds()

Models = tuple[type[EventModel], ...]


@dataclass(slots=True)
class Decoded:
    """What one message held: `events` that are good, `reasons` for each element that is not."""

    events: list[EventModel] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)


def decode(message: RawMessage) -> Decoded:
    """Validate one message against its subject's contract. Never raises: bad input is data."""
    if message.fault is not None:
        return Decoded(reasons=[message.fault])
    try:
        address = resolve(message.subject)
    except UnknownSubjectError as unknown:
        return Decoded(reasons=[str(unknown)])
    decoded = Decoded()
    if message.payload.lstrip(b" \t\r\n").startswith(b"["):
        _judge_array(decoded, address, message)
    else:
        _judge(decoded, address, message, message.payload)
    return decoded


def _judge_array(decoded: Decoded, address: Address, message: RawMessage) -> None:
    """Judge an array at once where all of it has the right form, else element by element."""
    events: Sequence[EventModel] = ()
    with suppress(ValidationError):
        events = _array_reader(address.spec.models[0])(message.payload)
    for event in events:
        _admit(decoded, address, message, event)
    if not events:
        for element in _elements(message.payload):
            _judge(decoded, address, message, element)


def _elements(payload: bytes) -> Iterable[bytes]:
    """Cut an array into its elements; anything else is one element, however broken.

    NaN is let through here, though it is not JSON: it is the fault of its element alone.
    """
    try:
        values: list[Any] = from_json(payload, allow_inf_nan=True)
    except ValueError:
        return [payload]
    return [to_json(value, inf_nan_mode="constants") for value in values] or [payload]


def _judge(decoded: Decoded, address: Address, message: RawMessage, element: bytes) -> None:
    try:
        event = _read(address.spec.models, element)
    except ValidationError as refused:
        decoded.reasons.append(_reason(refused))
    else:
        _admit(decoded, address, message, event)


def _read(models: Models, element: bytes) -> EventModel:
    """Read `element` as one of `models`. The refusal is that of the model it looks like."""
    if len(models) == 1:
        return _reader(models[0])(element)
    guesses = models[::-1] if b'"timestamps"' in element else models
    try:
        return _reader(guesses[0])(element)
    except ValidationError:
        for other in guesses[1:]:
            with suppress(ValidationError):
                return _reader(other)(element)
        raise


@cache
def _reader(model: type[EventModel]) -> Callable[[bytes], EventModel]:
    # TypeAdapter's own method costs a fifth more a trade.
    read: Callable[[bytes], EventModel] = TypeAdapter(model).validator.validate_json
    return read


@cache
def _array_reader(model: type[EventModel]) -> Callable[[bytes], list[EventModel]]:
    items = TypeAdapter(list[model])  # type: ignore[valid-type]  # The model is known at run time.
    read: Callable[[bytes], list[EventModel]] = items.validator.validate_json
    return read


def _admit(decoded: Decoded, address: Address, message: RawMessage, event: EventModel) -> None:
    reason = _key_fault(event, address) or _time_fault(event, message)
    if reason:
        decoded.reasons.append(reason)
    else:
        decoded.events.append(event)


def _key_fault(event: EventModel, address: Address) -> str:
    name = event.key_field
    if not name or getattr(event, name) == address.key:
        return ""
    return f"{name}: expected {address.key!r} as in the subject, found {getattr(event, name)!r}"


def moments_of(event: EventModel) -> list[datetime]:
    """Give the event times that `event` carries: one, many for a columnar batch, or none."""
    name = _time_field(type(event))
    moments = getattr(event, name) if name else None
    if isinstance(moments, datetime):
        return [moments]
    return moments or []


@cache
def _time_field(model: type[EventModel]) -> str:
    names = (name for name in ("timestamps", "timestamp") if name in model.model_fields)
    return next(names, "")


def _time_fault(event: EventModel, message: RawMessage) -> str:
    """Tell why the clock behind `event` cannot be right. Floats do: they are good to 1 µs."""
    moments = moments_of(event)
    if not moments:
        return ""
    earliest, latest = min(moments), max(moments)
    if latest.timestamp() > message.arrival_ns / 1e9 + _MAX_AHEAD_S:
        return (
            f"timestamp: expected at most {MAX_AHEAD} after its arrival at "
            f"{rfc3339(message.arrival)}, found {rfc3339(latest)}; correct the publisher's clock"
        )
    if earliest < EARLIEST:
        return (
            f"timestamp: expected {rfc3339(EARLIEST)} or later, found {rfc3339(earliest)}; "
            "correct the publisher's clock"
        )
    return ""


def _reason(refused: ValidationError) -> str:
    details = []
    for error in refused.errors(include_url=False, include_context=False, include_input=True):
        place = ".".join(str(part) for part in error["loc"]) or "payload"
        found = repr(error["input"])
        details.append(f"{place}: {error['msg']} (found {found[:80]})")
    return "; ".join(details[:5])
