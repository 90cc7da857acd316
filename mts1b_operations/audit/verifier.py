"""Walks the chain and names the first entry that is not as it was written, and the damage.

The link to the next entry tells what was edited: it holds the hash that the entry had.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import chain, pairwise
from typing import Literal, NamedTuple

from mts1b_operations.audit.chain import GENESIS, Head, link_hash

DamageKind = Literal[
    "edited entry",
    "edited hash",
    "column differs",
    "missing entry",
    "inserted entry",
    "reordered entry",
    "truncated tail",
    "head differs",
]


class StoredEntry(NamedTuple):
    """One row of `audit_entries`, as found; hashes in hexadecimal."""

    sequence: int
    timestamp: datetime
    actor: str
    action: str
    subject_id: str
    hashed: bytes
    prev_hash: str
    hash: str


@dataclass(frozen=True, slots=True)
class Damage:
    """The first entry that is bad, the kind of damage, and what shows it."""

    sequence: int
    kind: DamageKind
    detail: str

    def __str__(self) -> str:
        return f"entry {self.sequence}: {self.kind}: {self.detail}"


@dataclass(frozen=True, slots=True)
class Progress:
    """How many entries are checked, of how many; the last one may carry the damage found."""

    checked: int
    total: int
    damage: Damage | None = None

    @property
    def verdict(self) -> str:
        """Say in one line what the check of a whole chain has found."""
        if self.damage is None:
            return f"✓ {self.checked} entries, chain integrity OK, no gaps"
        return f"✗ {self.damage} ({self.checked} entries before it OK)"


@dataclass(frozen=True, slots=True)
class Walk:
    """Where to start: the sequence, and the hash of the entry before it (None: it is gone)."""

    start: int = 0
    prev_hash: str | None = GENESIS


_CHUNK = 1000


def verify(entries: Iterable[StoredEntry], head: Head | None, walk: Walk) -> Iterator[Progress]:
    """Check `entries` (ordered by sequence, from `walk.start` on) against each other and `head`.

    Yields progress every thousand entries and at the end; stops at the first damage.
    """
    if head is None:
        detail = "expected one row in audit_head, found none"
        yield Progress(0, 0, Damage(walk.start, "head differs", detail))
    elif walk.prev_hash is None:
        detail = f"expected the entry before entry {walk.start}, found none"
        yield Progress(0, head.size - walk.start, Damage(walk.start - 1, "missing entry", detail))
    else:
        yield from _walk(entries, head, walk.start, walk.prev_hash)


def _walk(
    entries: Iterable[StoredEntry], head: Head, start: int, prev_hash: str
) -> Iterator[Progress]:
    total = head.size - start
    expected = start
    for entry, following in pairwise(chain(entries, (None,))):
        if entry is None:
            break
        damage = _examine(entry, following, Head(expected, prev_hash), head)
        if damage:
            yield Progress(expected - start, total, damage)
            return
        expected, prev_hash = entry.sequence + 1, entry.hash
        if (expected - start) % _CHUNK == 0:
            yield Progress(expected - start, total)
    yield Progress(expected - start, total, _tail_damage(Head(expected, prev_hash), head))


def _examine(
    entry: StoredEntry, following: StoredEntry | None, so_far: Head, head: Head
) -> Damage | None:
    """Check one entry against the chain `so_far`, and against what the next link says of it."""
    if entry.sequence != so_far.size:
        return _numbering_damage(entry.sequence, so_far.size)
    witness = following.prev_hash if following else head.hash
    damage = (
        _link_damage(entry, so_far.hash) or _hash_damage(entry, witness) or _column_damage(entry)
    )
    return damage and (_place_damage(entry, following) or damage)


def _numbering_damage(found: int, expected: int) -> Damage:
    if found < expected:
        return Damage(found, "inserted entry", f"sequence {found} is there more than once")
    last = found - 1
    gap = f"{expected}" if last == expected else f"{expected} to {last}"
    return Damage(expected, "missing entry", f"expected {gap}, found {found} next")


def _place_damage(entry: StoredEntry, following: StoredEntry | None) -> Damage | None:
    """Compare an entry's place with the sequence in its hashed bytes, which tells who moved it."""
    written = _fields(entry.hashed).get("sequence")
    at = entry.sequence
    if written == at or not isinstance(written, int) or not _intact(entry):
        return None
    detail = f"the entry in place {at} was written as entry {written}"
    if written == at - 1:
        return Damage(at - 1, "inserted entry", f"{detail}, so place {at - 1} was pushed in")
    swapped = following and _fields(following.hashed).get("sequence") == at
    if written == at + 1 and not swapped:
        return Damage(at, "missing entry", f"{detail}, so the one before it was taken out")
    return Damage(at, "reordered entry", detail)


def _link_damage(entry: StoredEntry, prev_hash: str) -> Damage | None:
    if entry.prev_hash == prev_hash:
        return None
    at = entry.sequence
    if link_hash(prev_hash, entry.hashed) == entry.hash:
        detail = "prev_hash is not the hash of the entry before, yet the entry was hashed with it"
        return Damage(at, "edited hash", detail)
    if at == 0:
        return Damage(0, "edited entry", "it does not start from the 64 zeros of a new chain")
    detail = f"its hash fits its bytes, but entry {at} was linked to another hash"
    return Damage(at - 1, "edited entry", detail)


def _hash_damage(entry: StoredEntry, witness: str) -> Damage | None:
    computed = link_hash(entry.prev_hash, entry.hashed)
    if computed == entry.hash:
        return None
    if computed == witness:
        detail = f"expected hash {computed}, as the next link says, found {entry.hash}"
        return Damage(entry.sequence, "edited hash", detail)
    detail = f"its bytes hash to {computed}, not to {entry.hash}"
    return Damage(entry.sequence, "edited entry", detail)


def _column_damage(entry: StoredEntry) -> Damage | None:
    fields = _fields(entry.hashed)
    for name in ("sequence", "timestamp", "actor", "action", "subject_id"):
        found, written = getattr(entry, name), fields.get(name)
        if name == "timestamp":
            written = _moment(written)
        if found != written:
            detail = f"{name}: expected {str(written)!r} as hashed, found {str(found)!r}"
            return Damage(entry.sequence, "column differs", detail)
    return None


def _tail_damage(found: Head, head: Head) -> Damage | None:
    if found.size < head.size:
        detail = f"expected entries up to {head.size - 1}, found the last at {found.size - 1}"
        return Damage(found.size, "truncated tail", detail)
    if found.size > head.size:
        detail = f"expected {head.size} entries as the head says, found {found.size}"
        return Damage(head.size, "inserted entry", detail)
    if found.hash != head.hash:
        detail = f"expected the hash {head.hash} of the head, found {found.hash}"
        return Damage(max(0, found.size - 1), "head differs", detail)
    return None


def _intact(entry: StoredEntry) -> bool:
    return link_hash(entry.prev_hash, entry.hashed) == entry.hash


def _fields(hashed: bytes) -> dict[str, object]:
    """Read the hashed bytes; empty where they are no JSON object any more."""
    try:
        value: object = json.loads(hashed)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _moment(text: object) -> datetime | None:
    try:
        return datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None
