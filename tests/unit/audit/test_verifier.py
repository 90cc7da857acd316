"""Each kind of damage to a chain is found, placed and named."""

from collections.abc import Callable
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mts1b_operations.audit import chain
from mts1b_operations.audit.chain import AuditFacts, Head, link_hash
from mts1b_operations.audit.verifier import Damage, DamageKind, Progress, StoredEntry, Walk, verify

pytestmark = pytest.mark.unit

_SIZE = 9
_AT = 4
Rows = list[StoredEntry]


def _facts(number: int) -> AuditFacts:
    return AuditFacts(
        source="oms",
        event_id=str(number),
        timestamp=f"2026-01-02T03:04:{number % 60:02d}.000000Z",
        actor="oms",
        action="oms.order",
        subject_id="s1",
        data=b'{"n":%d}' % number,
        content=bytes(32),
    )


def _chain(size: int = _SIZE) -> tuple[Rows, Head]:
    entries = chain.append(Head(), [_facts(number) for number in range(size)])
    rows = [
        StoredEntry(
            entry.sequence,
            datetime.fromisoformat(entry.timestamp),
            entry.actor,
            entry.action,
            entry.subject_id,
            entry.hashed,
            entry.prev_hash,
            entry.hash,
        )
        for entry in entries
    ]
    return rows, chain.head_after(Head(), entries)


def _verdict(rows: Rows, head: Head | None, walk: Walk | None = None) -> Progress:
    return list(verify(rows, head, walk or Walk()))[-1]


def _edited_bytes(row: StoredEntry) -> StoredEntry:
    return row._replace(hashed=row.hashed.replace(b'"n":', b'"n":1'))


def _rehashed(row: StoredEntry) -> StoredEntry:
    return row._replace(hash=link_hash(row.prev_hash, row.hashed))


def _edit_bytes(rows: Rows) -> Rows:
    rows[_AT] = _edited_bytes(rows[_AT])
    return rows


def _edit_bytes_and_hash(rows: Rows) -> Rows:
    rows[_AT] = _rehashed(_edited_bytes(rows[_AT]))
    return rows


def _edit_hash(rows: Rows) -> Rows:
    rows[_AT] = rows[_AT]._replace(hash="ab" * 32)
    return rows


def _edit_prev_hash(rows: Rows) -> Rows:
    rows[_AT] = rows[_AT]._replace(prev_hash="ab" * 32)
    return rows


def _delete(rows: Rows) -> Rows:
    del rows[_AT]
    return rows


def _delete_and_close_up(rows: Rows) -> Rows:
    del rows[_AT]
    return [row._replace(sequence=place) for place, row in enumerate(rows)]


def _insert(rows: Rows) -> Rows:
    forged = _rehashed(_edited_bytes(rows[_AT]))
    rows.insert(_AT, forged)
    return [row._replace(sequence=place) for place, row in enumerate(rows)]


def _double(rows: Rows) -> Rows:
    rows.insert(_AT, rows[_AT])
    return rows


def _swap(rows: Rows) -> Rows:
    rows[_AT], rows[_AT + 1] = rows[_AT + 1], rows[_AT]
    return [row._replace(sequence=place) for place, row in enumerate(rows)]


def _swap_apart(rows: Rows) -> Rows:
    rows[_AT], rows[_AT + 3] = rows[_AT + 3], rows[_AT]
    return [row._replace(sequence=place) for place, row in enumerate(rows)]


def _edit_column(rows: Rows) -> Rows:
    rows[_AT] = rows[_AT]._replace(actor="somebody else")
    return rows


def _edit_time(rows: Rows) -> Rows:
    rows[_AT] = rows[_AT]._replace(timestamp=datetime.fromisoformat("2020-01-01T00:00:00Z"))
    return rows


def _not_json(rows: Rows) -> Rows:
    rows[_AT] = rows[_AT]._replace(hashed=b"\xff")
    return rows


@pytest.mark.parametrize(
    ("tamper", "kind", "place"),
    [
        (_edit_bytes, "edited entry", _AT),
        (_edit_bytes_and_hash, "edited entry", _AT),
        (_not_json, "edited entry", _AT),
        (_edit_hash, "edited hash", _AT),
        (_edit_prev_hash, "edited hash", _AT),
        (_delete, "missing entry", _AT),
        (_delete_and_close_up, "missing entry", _AT),
        (_insert, "inserted entry", _AT),
        (_double, "inserted entry", _AT),
        (_swap, "reordered entry", _AT),
        (_swap_apart, "reordered entry", _AT),
        (_edit_column, "column differs", _AT),
        (_edit_time, "column differs", _AT),
    ],
)
def test_damage_is_named(tamper: Callable[[Rows], Rows], kind: DamageKind, place: int) -> None:
    rows, head = _chain()
    verdict = _verdict(tamper(rows), head)
    assert verdict.damage is not None
    assert (verdict.damage.kind, verdict.damage.sequence) == (kind, place)


def test_an_untouched_chain_passes() -> None:
    rows, head = _chain()
    assert _verdict(rows, head) == Progress(_SIZE, _SIZE)


def test_an_empty_chain_passes() -> None:
    assert _verdict([], Head()) == Progress(0, 0)


@pytest.mark.parametrize("keep", [0, 1, _SIZE - 1])
def test_a_truncated_tail_is_told_by_the_head(keep: int) -> None:
    rows, head = _chain()
    damage = _verdict(rows[:keep], head).damage
    assert damage is not None
    assert (damage.kind, damage.sequence) == ("truncated tail", keep)


def test_entries_beyond_the_head_are_inserted() -> None:
    rows, _ = _chain()
    damage = _verdict(rows, Head(_SIZE - 2, rows[-3].hash)).damage
    assert damage is not None
    assert (damage.kind, damage.sequence) == ("inserted entry", _SIZE - 2)


def test_a_head_with_another_hash_differs() -> None:
    rows, _ = _chain()
    damage = _verdict(rows, Head(_SIZE, "cd" * 32)).damage
    assert damage is not None
    assert (damage.kind, damage.sequence) == ("head differs", _SIZE - 1)


def test_a_head_that_is_gone_is_damage() -> None:
    damage = _verdict(_chain()[0], None).damage
    assert damage is not None
    assert damage.kind == "head differs"


def test_a_rewritten_first_entry_is_named() -> None:
    rows, head = _chain()
    rows[0] = _rehashed(rows[0]._replace(prev_hash="ab" * 32))
    damage = _verdict(rows, head).damage
    assert damage is not None
    assert (damage.kind, damage.sequence) == ("edited entry", 0)


@given(st.integers(min_value=0, max_value=_SIZE))
def test_a_walk_may_start_anywhere(start: int) -> None:
    rows, head = _chain()
    walk = Walk(start, rows[start - 1].hash) if start else Walk()
    assert _verdict(rows[start:], head, walk) == Progress(_SIZE - start, _SIZE - start)


def test_a_walk_needs_the_entry_before_it() -> None:
    rows, head = _chain()
    damage = _verdict(rows[5:], head, Walk(5, None)).damage
    assert damage == Damage(4, "missing entry", "expected the entry before entry 5, found none")


def test_progress_comes_every_thousand_entries() -> None:
    rows, head = _chain(2500)
    assert [step.checked for step in verify(rows, head, Walk())] == [1000, 2000, 2500]


@given(
    place=st.integers(min_value=0, max_value=_SIZE - 1),
    at=st.integers(min_value=0, max_value=10_000),
    flip=st.integers(min_value=1, max_value=255),
)
def test_any_flipped_byte_is_found_in_its_entry(place: int, at: int, flip: int) -> None:
    rows, head = _chain()
    changed = bytearray(rows[place].hashed)
    changed[at % len(changed)] ^= flip
    rows[place] = rows[place]._replace(hashed=bytes(changed))
    damage = _verdict(rows, head).damage
    assert damage is not None
    assert (damage.kind, damage.sequence) == ("edited entry", place)
