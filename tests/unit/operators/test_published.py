from dataclasses import replace
from datetime import UTC, datetime

import pytest

from mts1b_operations.events.contracts.audit import Gap
from mts1b_operations.events.envelope import Emission, RawBatch, identified
from mts1b_operations.operators.published import published
from tests.unit.operators.batches import ARRIVAL_NS, batch

pytestmark = pytest.mark.unit

GAP = Gap(
    source="market", stream="S", partition="3", reason="r", expected_sequence=1, found_sequence=2
)
EMITTED = identified(GAP, datetime.fromtimestamp(ARRIVAL_NS / 1e9, tz=UTC), "market", 1)


def stored(emission: Emission, headers: dict[str, str] | None = None) -> RawBatch:
    """Make the batch in which `emission` comes back from its stream."""
    raw = batch([(emission.subject, emission.payload())])
    lines = (emission.headers() if headers is None else headers).items()
    block = "NATS/1.0\r\n" + "".join(f"{name}: {value}\r\n" for name, value in lines) + "\r\n"
    return replace(raw, headers=[block.encode()])


def test_what_comes_back_is_what_was_emitted() -> None:
    assert published(stored(EMITTED)) == [EMITTED]


def test_the_message_id_stands_in_for_the_event_id() -> None:
    [one] = published(stored(EMITTED, {"Nats-Msg-Id": "m1"}))
    assert (one.event_id, one.source) == ("m1", "unknown")


def test_without_headers_the_place_in_the_stream_is_the_id() -> None:
    [one] = published(stored(EMITTED, {}))
    [again] = published(stored(EMITTED, {}))
    [elsewhere] = published(replace(stored(EMITTED, {}), stream="T"))
    assert one.event_id == again.event_id != elsewhere.event_id


def test_events_of_one_message_have_ids_of_their_own() -> None:
    raw = replace(stored(EMITTED), payloads=[b"[%s,%s]" % (EMITTED.payload(), EMITTED.payload())])
    first, second = published(raw)
    assert first.event_id == EMITTED.event_id != second.event_id


def test_foreign_content_is_skipped() -> None:
    assert published(batch([("mts.v1.operations.gap.market", b"x"), ("foreign", b"{}")])) == []
