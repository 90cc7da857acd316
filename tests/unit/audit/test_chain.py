"""The chain: linked, numbered, incremental, and checkable with a shell."""

import json
import subprocess
from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mts1b_operations.audit.chain import (
    GENESIS,
    AuditEntry,
    AuditFacts,
    Head,
    append,
    head_after,
    link_hash,
)
from mts1b_operations.events.canonical import canonical_json

pytestmark = pytest.mark.unit

_texts = st.text(st.characters(codec="utf-8"), max_size=20)
_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | _texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_texts, inner, max_size=3),
    max_leaves=6,
)
_facts = st.builds(
    AuditFacts,
    source=_texts,
    event_id=_texts,
    timestamp=st.just("2026-01-02T03:04:05.000006Z"),
    actor=_texts,
    action=_texts,
    subject_id=_texts,
    data=_values.map(canonical_json),
    content=st.binary(min_size=32, max_size=32),
)


def _as_json(entry: AuditEntry) -> bytes:
    return canonical_json(
        {
            "sequence": entry.sequence,
            "timestamp": entry.timestamp,
            "actor": entry.actor,
            "action": entry.action,
            "subject_id": entry.subject_id,
            "data": entry.data,
        }
    )


@given(st.lists(_facts, min_size=1, max_size=5))
def test_hashes_the_canonical_json_of_everything_but_the_hashes(facts: list[AuditFacts]) -> None:
    entries = append(Head(), facts)
    for entry, fact in zip(entries, facts, strict=True):
        assert entry.hashed == _as_json(entry)
        assert canonical_json(entry.data) == fact.data


@given(st.lists(_facts, max_size=6))
def test_entries_are_contiguous_and_linked_from_genesis(facts: list[AuditFacts]) -> None:
    previous = GENESIS
    for sequence, entry in enumerate(append(Head(), facts)):
        assert entry.sequence == sequence
        assert entry.prev_hash == previous
        assert entry.hash == link_hash(previous, entry.hashed)
        previous = entry.hash


@given(st.lists(_facts, max_size=6), st.integers(min_value=0, max_value=6))
def test_appending_in_two_steps_gives_the_same_chain(facts: list[AuditFacts], cut: int) -> None:
    first = append(Head(), facts[:cut])
    second = append(head_after(Head(), first), facts[cut:])
    assert first + second == append(Head(), facts)


@settings(max_examples=20)
@given(_facts)
def test_a_shell_reproduces_the_hash_of_an_entry(fact: AuditFacts) -> None:
    second = append(Head(), [fact, fact])[1]
    checked = subprocess.run(
        ["bash", "-c", "printf '%s%s' \"$1\" \"$2\" | sha256sum", "-", second.prev_hash,
         second.hashed.decode()],
        capture_output=True, check=True, text=True, timeout=10,
    )  # fmt: skip
    assert checked.stdout.split()[0] == second.hash


def test_the_first_entry_of_a_chain_as_written_by_hand() -> None:
    fact = AuditFacts(
        "oms", "1", "2026-01-02T03:04:05.000006Z", "oms", "oms.order", "s/1", b'{"a":1}', b""
    )
    (entry,) = append(Head(), [fact])
    text = (
        b'{"action":"oms.order","actor":"oms","data":{"a":1},"sequence":0,'
        b'"subject_id":"s/1","timestamp":"2026-01-02T03:04:05.000006Z"}'
    )
    assert entry.hashed == text
    assert entry.hash == sha256(b"0" * 64 + text).hexdigest()
    assert entry.data == json.loads('{"a":1}')


def test_an_empty_append_moves_nothing() -> None:
    head = Head(7, "ab" * 32)
    assert append(head, []) == []
    assert head_after(head, []) == head


def test_source_and_id_cannot_be_confused_in_an_identity() -> None:
    one = AuditFacts("a", "bc", "", "", "", "", b"", b"")
    two = AuditFacts("ab", "c", "", "", "", "", b"", b"")
    assert one.identity() != two.identity()
