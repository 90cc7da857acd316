"""The four JetStream streams, as data: design section 5.

Durability is decided here and nowhere else. Only market data are persisted asynchronously, for
their rate: nats-server 2.15.1 then forgets up to a few hundred acknowledged messages when it is
killed (30 to 174 of 30,000 in four trials). Their reader notices and reports a gap. Everything
else is fsynced before it is acknowledged; readings too, since nobody would notice theirs.
"""

from dataclasses import dataclass
from typing import Literal

MARKETDATA = "MTS_MARKETDATA"
READINGS = "MTS_READINGS"
EVENTS = "MTS_EVENTS"
HALTS = "MTS_HALTS"

PARTITIONS = 8
"""How many partitions market data has: fixed when the stream is created."""

_GIB = 1 << 30
_MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class StreamSpec:
    """What a stream must look like. `max_bytes` in bytes; `discard` says what a full one does.

    `roots` are the subjects that it stores, below the prefix; none means whatever the registry
    assigns to it, listed one by one, since streams can neither overlap nor exclude.
    """

    name: str
    max_bytes: int
    discard: Literal["old", "new"]
    asynchronous: bool
    roots: tuple[str, ...] = ()
    partitions: int = 1


STREAMS = (
    StreamSpec(MARKETDATA, 8 * _GIB, "old", True, ("marketdata.>",), PARTITIONS),
    StreamSpec(
        READINGS,
        2 * _GIB,
        "old",
        False,
        ("operations.reading.>", "operations.heartbeat.>", "health.>"),
    ),
    StreamSpec(EVENTS, 4 * _GIB, "new", False),
    StreamSpec(
        HALTS,
        256 * _MIB,
        "new",
        False,
        ("operations.halt.>", "operations.command.>", "oms.halt_ack.>"),
    ),
)


def partition_of(token: str, partitions: int = PARTITIONS) -> int:
    """Give the partition of a subject token as nats-server's `partition(n, i)` does.

    FNV-1a, 32 bits, modulo `partitions` (NATS subject mapping, "deterministic partitioning").
    """
    state = 0x811C9DC5
    for byte in token.encode():
        state = ((state ^ byte) * 0x01000193) & 0xFFFFFFFF
    return state % partitions
