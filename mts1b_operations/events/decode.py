"""From untrusted bytes to contracts: what is good passes, what is not gets a reason.

A payload is one object, an array of them, or (for trades) one columnar object. The elements of an
array stand or fall one by one: one bad print must not cost the ninety-nine beside it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from pydantic import TypeAdapter, ValidationError
from pydantic_core import from_json, to_json

from mts1b_operations.events.contracts.market import TradeBatch
from mts1b_operations.events.envelope import RawMessage
from mts1b_operations.events.fields import EventModel
from mts1b_operations.events.subjects import Address, UnknownSubjectError, resolve

MAX_AHEAD = timedelta(minutes=5)
"""How far a clock may run ahead of the stream's before its events are refused."""


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
    for element in _elements(message.payload):
        try:
            event = _adapter(address.spec.models, columnar=_is_columnar(element)).validate_json(
                element
            )
            _check_key(event, address)
            _check_time(event, message.arrival)
        except ValidationError as refused:
            decoded.reasons.append(_reason(refused))
        except ValueError as refused:
            decoded.reasons.append(str(refused))
        else:
            decoded.events.append(event)
    return decoded


def _elements(payload: bytes) -> Sequence[bytes]:
    """Cut an array into its elements; anything else is one element, however broken."""
    if not payload.lstrip(b" \t\r\n").startswith(b"["):
        return [payload]
    try:
        values: list[Any] = from_json(payload, allow_inf_nan=False)
    except ValueError:
        return [payload]
    return [to_json(value) for value in values] or [payload]


def _is_columnar(element: bytes) -> bool:
    return b'"timestamps"' in element


@cache
def _adapter(models: tuple[type[EventModel], ...], *, columnar: bool) -> TypeAdapter[EventModel]:
    model = TradeBatch if columnar and TradeBatch in models else models[0]
    return TypeAdapter(model)


def _check_key(event: EventModel, address: Address) -> None:
    name = type(event).key_field
    if name and getattr(event, name) != address.key:
        raise ValueError(
            f"{name}: expected {address.key!r} as in the subject, found {getattr(event, name)!r}"
        )


def _check_time(event: EventModel, arrival: datetime) -> None:
    moments = getattr(event, "timestamps", None) or [getattr(event, "timestamp", None)]
    latest = max((moment for moment in moments if moment is not None), default=arrival)
    if latest > arrival + MAX_AHEAD:
        raise ValueError(
            f"timestamp: expected at most {MAX_AHEAD} after its arrival at {arrival.isoformat()}, "
            f"found {latest.isoformat()}; correct the publisher's clock"
        )


def _reason(refused: ValidationError) -> str:
    details = []
    for error in refused.errors(include_url=False, include_context=False, include_input=True):
        place = ".".join(str(part) for part in error["loc"]) or "payload"
        found = repr(error["input"])
        details.append(f"{place}: {error['msg']} (found {found[:80]})")
    return "; ".join(details[:5])
