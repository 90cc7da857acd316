"""Who may publish and read what: one NATS user a role, derived from the registry.

A permission is the first wall against a forged event; what the server refuses reaches only the
publisher's error callback.
"""

from dataclasses import dataclass

from mts1b_operations.events.streams import EVENTS, HALTS, MARKETDATA, READINGS
from mts1b_operations.events.subjects import PREFIX, REGISTRY

ADMIN = "admin"
"""The role that creates streams; no service runs under it."""


@dataclass(frozen=True, slots=True)
class Role:
    """A NATS user's permissions, as subject patterns; `forbidden` wins over `publish`."""

    name: str
    publish: tuple[str, ...]
    subscribe: tuple[str, ...]
    forbidden: tuple[str, ...] = ()


def inbox_prefix(role: str) -> str:
    """Give the inbox prefix of `role`: replies to one role cannot be read by another."""
    return f"_INBOX_{role}"


_READS: dict[str, tuple[str, ...]] = {
    "flows": (MARKETDATA, READINGS, EVENTS, HALTS),
    "audit": (EVENTS, HALTS, MARKETDATA, READINGS),
    "halt": (HALTS, EVENTS),
    "operator": (EVENTS, HALTS, READINGS),
    "oms": (HALTS,),
}
"""The streams that a role may consume."""

_LISTENS: dict[str, tuple[str, ...]] = {
    "oms": ("operations.halt.>", "operations.heartbeat.>", "operations.action.>"),
    "strategy": ("operations.halt.>", "operations.heartbeat.>", "operations.action.>"),
    "operator": ("operations.>",),
    "halt": ("operations.>", "oms.halt_ack.>"),
    "audit": (">",),
}
"""What a role may subscribe to live, below the prefix."""

_CONSUMER_API = (
    "$JS.API.STREAM.INFO.{stream}",
    "$JS.API.CONSUMER.CREATE.{stream}.>",
    "$JS.API.CONSUMER.INFO.{stream}.*",
    "$JS.API.CONSUMER.MSG.NEXT.{stream}.*",
)
"""What a reader asks of a stream. None deletes a consumer: those without a name of their own
expire, and the auditor's must not be anybody's to delete."""

_DURABLES = {"audit": "audit_writer"}
"""The durable consumer of a role. Only its owner acknowledges: whoever else could, could keep an
event out of the audit chain."""

_TAMPERING = (
    "$JS.API.CONSUMER.CREATE.{stream}.{durable}",
    "$JS.API.CONSUMER.CREATE.{stream}.{durable}.>",
    "$JS.API.CONSUMER.MSG.NEXT.{stream}.{durable}",
)
"""How a reader could change, or read away from, a durable consumer of another role."""


def _consumes(role: str) -> list[str]:
    streams = _READS.get(role, ())
    requests = [api.format(stream=stream) for stream in streams for api in _CONSUMER_API]
    if role in _DURABLES:
        requests += [f"$JS.ACK.{stream}.{_DURABLES[role]}.>" for stream in streams]
    return requests


def _forbidden(role: str) -> tuple[str, ...]:
    others = [durable for owner, durable in _DURABLES.items() if owner != role]
    return tuple(
        request.format(stream=stream, durable=durable)
        for stream in _READS.get(role, ())
        for durable in others
        for request in _TAMPERING
    )


def _role(name: str) -> Role:
    publish = [spec.pattern for spec in REGISTRY if name in spec.publishers]
    listens = [PREFIX + pattern for pattern in _LISTENS.get(name, ())]
    inbox = f"{inbox_prefix(name)}.>"
    return Role(name, (*publish, *_consumes(name)), (inbox, *listens), _forbidden(name))


def _names() -> list[str]:
    publishers = {name for spec in REGISTRY for name in spec.publishers}
    return sorted(publishers | set(_READS) | set(_LISTENS))


ROLES: tuple[Role, ...] = (
    Role(ADMIN, (">",), (">",)),
    *(_role(name) for name in _names()),
)
