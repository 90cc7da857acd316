"""Every stored message becomes facts, also the ones that nobody can read."""

import json
from base64 import b64decode
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mts1b_operations.audit.chain import Head, append
from mts1b_operations.audit.intake import StoredMessage, canonical_payload, facts_of
from mts1b_operations.events.canonical import canonical_json

pytestmark = pytest.mark.unit

_STORED = datetime(2026, 3, 4, 5, 6, 7, 8, tzinfo=UTC)


def _message(
    subject: str = "mts.v1.portfolio.nav.alpha",
    payload: bytes = b'{"nav": "1.0", "fund_id": "alpha"}',
    headers: dict[str, str] | None = None,
    sequence: int = 12,
) -> StoredMessage:
    return StoredMessage(
        subject, payload, headers or {}, "MTS_EVENTS", "2026-01-01T00:00:00Z", sequence, _STORED
    )


_HEADERS = {"ce-id": "e1", "ce-source": "portfolio", "ce-time": "2026-02-03T04:05:06.000007Z"}


def test_headers_say_who_when_and_which() -> None:
    facts = facts_of(_message(headers=_HEADERS))
    assert (facts.source, facts.event_id, facts.actor) == ("portfolio", "e1", "portfolio")
    assert facts.timestamp == "2026-02-03T04:05:06.000007Z"
    assert (facts.action, facts.subject_id) == ("portfolio.nav", "alpha")
    assert facts.data == b'{"fund_id":"alpha","nav":"1.0"}'


def test_without_headers_the_place_in_the_stream_is_the_id() -> None:
    facts = facts_of(_message())
    assert facts.actor == "unknown"
    assert facts.source == "MTS_EVENTS@2026-01-01T00:00:00Z"
    assert facts.event_id == "12"
    assert facts.timestamp == "2026-03-04T05:06:07.000008Z"


def test_an_id_without_a_source_belongs_to_the_unknown_actor() -> None:
    facts = facts_of(_message(headers={"ce-id": "e1"}))
    assert (facts.source, facts.event_id, facts.actor) == ("unknown", "e1", "unknown")


@pytest.mark.parametrize(
    "claimed", ["yesterday", "2026-02-03T04:05:06", "", "9999-12-31T23:59:59.999999-23:59"]
)
def test_an_unusable_time_gives_way_to_the_time_of_storage(claimed: str) -> None:
    facts = facts_of(_message(headers={"ce-time": claimed}))
    assert facts.timestamp == "2026-03-04T05:06:07.000008Z"


def test_a_time_in_another_zone_is_written_in_utc() -> None:
    facts = facts_of(_message(headers={"ce-time": "2026-02-03T04:05:06+02:00"}))
    assert facts.timestamp == "2026-02-03T02:05:06.000000Z"


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        ("mts.v1.operations.halt.requested", ("operations.halt.requested", "")),
        ("mts.v1.oms.order.BRK%2EB", ("oms.order", "BRK.B")),
        ("mts.v1.weather.rain.today", ("weather.rain.today", "")),
        ("mts.v1.oms.order.a%00b", ("oms.order", "a%00b")),
    ],
)
def test_the_subject_gives_action_and_key(subject: str, expected: tuple[str, str]) -> None:
    facts = facts_of(_message(subject=subject))
    assert (facts.action, facts.subject_id) == expected


@pytest.mark.parametrize(
    "payload",
    [
        b"not json",
        b"",
        b"\xff\xfe",
        b'{"nav": NaN}',
        b'{"nav": -Infinity}',
        b'{"nav": 1e999}',
        b'{"a": 1, "a": 2}',
        b'{"lone": "\\ud800"}',
        b'{"a": "\\u0000"}',
        b"[" * 100_000,
        b"[" * 101 + b"]" * 101,
        b"1" * 5_000,
    ],
)
def test_what_canonical_json_cannot_hold_is_kept_byte_by_byte(payload: bytes) -> None:
    value = json.loads(canonical_payload(payload))
    assert set(value) == {"payload_base64"}
    assert b64decode(value["payload_base64"]) == payload


def test_brackets_in_text_are_no_levels() -> None:
    payload = canonical_json({"a": "[" * 200, "b": [[1]] * 200})
    assert canonical_payload(payload) == payload


@given(st.binary(max_size=200), st.text(max_size=20), st.text(max_size=20))
def test_any_message_becomes_an_entry(payload: bytes, actor: str, event_id: str) -> None:
    headers = {
        name: text.encode("utf-8", "replace").decode()
        for name, text in (("ce-source", actor), ("ce-id", event_id))
    }
    (entry,) = append(Head(), [facts_of(_message(payload=payload, headers=headers))])
    assert "\0" not in entry.actor + entry.action + entry.subject_id
    assert json.loads(entry.hashed)["sequence"] == 0


def test_the_content_covers_subject_and_payload() -> None:
    one = facts_of(_message(headers=_HEADERS))
    assert one.content == facts_of(_message(headers=_HEADERS, sequence=99)).content
    assert one.content != facts_of(_message(headers=_HEADERS, payload=b"{}")).content
    assert one.content != facts_of(_message("mts.v1.portfolio.nav.beta", headers=_HEADERS)).content
