"""The hash chain, without any storage: from facts to linked entries.

An entry's hash is SHA-256 over the 64 hexadecimal digits of the previous entry's hash followed by
the canonical JSON of the entry without `prev_hash` and `hash`. `printf '%s%s' | sha256sum` checks
an entry in a shell.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from typing import NamedTuple

from mts1b_operations.events.canonical import canonical_json

GENESIS = "0" * 64
"""What stands for the previous hash of entry 0."""


@dataclass(frozen=True, slots=True)
class AuditFacts:
    """What one event says, before it has a place in the chain.

    (`source`, `event_id`) names the event for good. `timestamp` is RFC 3339 UTC text with
    microseconds; `data` is canonical JSON; `content` is the SHA-256 of the event as it travelled
    (32 bytes), by which the same event is told from another one under the same id.
    """

    source: str
    event_id: str
    timestamp: str
    actor: str
    action: str
    subject_id: str
    data: bytes
    content: bytes

    def identity(self) -> bytes:
        """Give the 32 bytes under which the event is remembered, however long its id is."""
        return sha256(f"{len(self.source)}:{self.source}{self.event_id}".encode()).digest()


@dataclass(frozen=True, slots=True)
class Head:
    """Where a chain ends: how many entries it has, and the hash of the last one."""

    size: int = 0
    hash: str = GENESIS


class AuditEntry(NamedTuple):
    """One link. `hashed` holds the exact bytes that follow `prev_hash` in the hash."""

    sequence: int
    timestamp: str
    actor: str
    action: str
    subject_id: str
    hashed: bytes
    prev_hash: str
    hash: str

    @property
    def data(self) -> object:
        """Give what the event said, as a JSON value read from the hashed bytes."""
        value: object = json.loads(self.hashed)["data"]
        return value


def link_hash(prev_hash: str, hashed: bytes) -> str:
    """Give the hash of an entry in hexadecimal, from the previous hash and its exact bytes."""
    return sha256(prev_hash.encode("ascii") + hashed).hexdigest()


def append(head: Head, facts: Iterable[AuditFacts]) -> list[AuditEntry]:
    """Link `facts` behind `head`, in their order, numbered from the size of the chain."""
    previous = head.hash
    entries = []
    for sequence, fact in enumerate(facts, head.size):
        hashed = _hashed_bytes(sequence, fact)
        digest = link_hash(previous, hashed)
        entries.append(
            AuditEntry(
                sequence,
                fact.timestamp,
                fact.actor,
                fact.action,
                fact.subject_id,
                hashed,
                previous,
                digest,
            )
        )
        previous = digest
    return entries


def head_after(head: Head, entries: list[AuditEntry]) -> Head:
    """Give the head of the chain that ended at `head` once `entries` follow."""
    return Head(entries[-1].sequence + 1, entries[-1].hash) if entries else head


@lru_cache(maxsize=8192)
def _quoted(text: str) -> bytes:
    return canonical_json(text)


def _hashed_bytes(sequence: int, fact: AuditFacts) -> bytes:
    """Write the canonical JSON of an entry around `data`, which is canonical already.

    Putting the text together costs a tenth of serialising the whole entry again (0.34 of 3.5 µs).
    """
    return b'{"action":%b,"actor":%b,"data":%b,"sequence":%d,"subject_id":%b,"timestamp":"%b"}' % (
        _quoted(fact.action),
        _quoted(fact.actor),
        fact.data,
        sequence,
        _quoted(fact.subject_id),
        fact.timestamp.encode("ascii"),
    )
