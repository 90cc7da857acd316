"""CloudEvents headers outward, raw micro-batches inward, and ids that repeat."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mts1b_operations.events.contracts.health import Heartbeat
from mts1b_operations.events.contracts.portfolio import NavTick
from mts1b_operations.events.envelope import MESSAGE_ID, RawBatch, RawMessage, header, identified
from tests.unit.events.minimal_examples import EXAMPLES

pytestmark = pytest.mark.unit

NOW = datetime(2026, 1, 2, 3, 4, 5, 6, UTC)
BEAT = Heartbeat(service="a.b c", timestamp=NOW)
TICK = NavTick.model_validate_json(json.dumps(EXAMPLES["NavTick"]))


def test_headers_are_cloudevents_in_binary_mode() -> None:
    emission = identified(BEAT, NOW, "flows", 1)
    assert emission.headers() == {
        "ce-specversion": "1.0",
        "ce-id": emission.event_id,
        "ce-source": "flows",
        "ce-type": "mts.v1.operations.heartbeat",
        "ce-time": "2026-01-02T03:04:05.000006Z",
        MESSAGE_ID: emission.event_id,
    }


def test_subject_and_payload_are_the_contracts() -> None:
    emission = identified(BEAT, NOW, "flows", 1)
    assert emission.subject == "mts.v1.operations.heartbeat.a%2Eb%20c"
    assert Heartbeat.model_validate_json(emission.payload()) == BEAT
    assert json.loads(identified(TICK, NOW, "portfolio").payload())["nav"] == "1000000.50"


_FACTS = st.lists(st.none() | st.integers() | st.text(st.characters(codec="utf-8")), max_size=4)


@given(_FACTS, _FACTS)
def test_an_id_follows_from_the_facts_alone(one: list[object], other: list[object]) -> None:
    first = identified(BEAT, NOW, "flows", *one)
    assert (
        identified(BEAT, datetime(2030, 1, 1, tzinfo=UTC), "audit", *one).event_id == first.event_id
    )
    assert (identified(BEAT, NOW, "flows", *other).event_id == first.event_id) == (one == other)


def test_another_kind_of_event_has_another_id() -> None:
    assert identified(BEAT, NOW, "flows", 1).event_id != identified(TICK, NOW, "flows", 1).event_id


def test_nan_cannot_identify() -> None:
    with pytest.raises(ValueError, match="JSON compliant"):
        identified(BEAT, NOW, "flows", float("nan"))


BLOCK = (
    b"NATS/1.0\r\nce-id: e-1\r\nce-source:flows\r\nce-id-2: no\r\nempty:\r\nodd: a:b \xff\r\n\r\n"
)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ce-id", "e-1"),
        ("ce-source", "flows"),
        ("empty", ""),
        ("odd", "a:b �"),
        ("ce", None),
        ("CE-ID", None),
        ("absent", None),
    ],
)
def test_a_header_is_found_by_its_exact_name(name: str, value: str | None) -> None:
    assert header(BLOCK, name) == value
    assert header(b"", name) is None


@given(st.binary(max_size=50), st.text(st.characters(codec="utf-8"), max_size=5))
def test_reading_a_header_never_raises(block: bytes, name: str) -> None:
    found = header(block, name)
    assert found is None or isinstance(found, str)


@given(st.integers(0, 4_000_000_000_000_000_000))
def test_an_arrival_is_exact_to_the_microsecond(nanoseconds: int) -> None:
    moment = RawMessage("s", b"", 1, nanoseconds).arrival
    whole = (moment - datetime(1970, 1, 1, tzinfo=UTC)).days * 86_400 * 10**6
    inside = (moment.hour * 3600 + moment.minute * 60 + moment.second) * 10**6
    assert whole + inside + moment.microsecond == nanoseconds // 1000
    assert moment.tzinfo is UTC


def test_a_batch_gives_its_messages_in_order_with_their_faults() -> None:
    batch = RawBatch(
        "S", "0", ["a", "b"], [b"1", b"2"], [7, 9], [10, 20], [b"", b"h"], {1: "unreadable"}
    )
    assert len(batch) == 2
    assert list(batch.messages()) == [
        RawMessage("a", b"1", 7, 10),
        RawMessage("b", b"2", 9, 20, b"h", "unreadable"),
    ]


def test_columns_of_unequal_length_are_an_error() -> None:
    batch = RawBatch("S", "0", ["a"], [b"1", b"2"], [7], [10], [b""])
    with pytest.raises(ValueError, match="zip"):
        list(batch.messages())
