"""Each event is admitted once; the same id with other bytes becomes a conflict, never a drop."""

import json
from dataclasses import replace
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mts1b_operations.audit.admission import ID_CONFLICT, admit, conflict_facts
from mts1b_operations.audit.chain import AuditFacts
from mts1b_operations.events.canonical import canonical_json

pytestmark = pytest.mark.unit


def _fact(event_id: str, body: int = 0) -> AuditFacts:
    data = b'{"body":%d}' % body
    return AuditFacts(
        "oms", event_id, "2026-01-02T03:04:05.000006Z", "oms", "oms.order", "a.b", data,
        sha256(data).digest(),
    )  # fmt: skip


def test_new_facts_keep_their_order() -> None:
    facts = [_fact("b"), _fact("a"), _fact("c")]
    assert list(admit(facts, {}).facts.values()) == facts


def test_a_known_event_is_counted_and_dropped() -> None:
    fact = _fact("a")
    admission = admit([fact, _fact("b")], {fact.identity(): fact.content})
    assert list(admission.facts.values()) == [_fact("b")]
    assert admission.known == 1


def test_a_repeat_within_one_batch_is_known() -> None:
    admission = admit([_fact("a"), _fact("a")], {})
    assert (len(admission.facts), admission.known) == (1, 1)


def test_other_bytes_under_a_known_id_become_an_entry() -> None:
    known, found = _fact("a", 1), _fact("a", 2)
    admission = admit([found], {known.identity(): known.content})
    (conflict,) = admission.facts.values()
    assert (conflict.action, conflict.subject_id) == (ID_CONFLICT, "oms")
    assert json.loads(conflict.data) == {
        "source": "oms",
        "event_id": "a",
        "subject": "mts.v1.oms.order.a%2Eb",
        "known_sha256": known.content.hex(),
        "found_sha256": found.content.hex(),
        "data": {"body": 2},
    }
    assert admission.conflicts == [conflict.identity()]


def test_a_redelivered_conflict_is_known() -> None:
    conflict = conflict_facts(_fact("a", 2), _fact("a", 1).content)
    again = admit([conflict], {conflict.identity(): conflict.content})
    assert (len(again.facts), again.known) == (0, 1)


def test_a_conflict_is_canonical_json() -> None:
    conflict = conflict_facts(replace(_fact("é"), subject_id=""), bytes(32))
    assert canonical_json(json.loads(conflict.data)) == conflict.data


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 2)), max_size=12))
def test_every_distinct_event_is_written_once_however_often_it_comes(
    arrivals: list[tuple[str, int]],
) -> None:
    admission = admit([_fact(event_id, body) for event_id, body in arrivals], {})
    assert len(admission.facts) == len(set(arrivals))
    assert admission.known == len(arrivals) - len(set(arrivals))
