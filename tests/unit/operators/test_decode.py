import base64
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mts1b_operations.events.columns import MarketBatch
from mts1b_operations.events.contracts.audit import Gap, Rejected
from mts1b_operations.events.contracts.portfolio import NavTick
from mts1b_operations.events.envelope import LostRange, RawBatch
from mts1b_operations.events.fields import EventModel
from mts1b_operations.events.streams import PARTITIONS, partition_of
from mts1b_operations.operators.decode import (
    Intake,
    Observation,
    decode_events,
    decode_market,
    shard_of,
)
from tests.unit.operators.batches import ARRIVAL_NS, NAV, TRADE, batch, nav, trade

pytestmark = pytest.mark.unit

LOST = LostRange("purged", 5, 9)


def to_watchdogs(event: EventModel) -> Sequence[tuple[str, str]]:
    """Route a NAV to two watchdogs, one by fund and one for the firm."""
    return [("vol", event.fund_id), ("health", "firm")] if isinstance(event, NavTick) else []


def slow(raw: RawBatch) -> Intake:
    return decode_events("portfolio", to_watchdogs, raw)


def market(raw: RawBatch) -> Intake:
    return decode_market("market", raw)


def rejections(intake: Intake) -> list[Rejected]:
    return [one.event for one in intake.reports if isinstance(one.event, Rejected)]


def observations(intake: Intake) -> list[tuple[str, Observation]]:
    return [(shard, one) for shard, item in intake.items if isinstance(item, list) for one in item]


def test_an_event_goes_to_every_watchdog_that_wants_it() -> None:
    seen = observations(slow(batch([(NAV, nav())])))
    assert {(one.watchdog, one.key) for _, one in seen} == {("vol", "alpha"), ("health", "firm")}
    assert all(shard == shard_of(one.key) for shard, one in seen)
    assert all((one.provenance.stream, one.provenance.sequence) == ("S", 1) for _, one in seen)


def test_events_of_one_key_keep_their_order() -> None:
    seen = observations(slow(batch([(NAV, nav(amount=str(n))) for n in range(1, 20)])))
    firm = [one.provenance.sequence for _, one in seen if one.key == "firm"]
    assert firm == list(range(1, 20))


def test_market_data_becomes_columns_of_its_partition() -> None:
    messages = [(TRADE, trade(price=float(n))) for n in (1, 2)]
    [(shard, columns)] = market(batch(messages)).items
    assert shard == "3"
    assert isinstance(columns, MarketBatch)
    assert columns.trades.prices.tolist() == [1.0, 2.0]
    assert columns.trades.sequences.tolist() == [1, 2]


@pytest.mark.parametrize(
    ("subject", "payload", "reason"),
    [
        (TRADE, b"{", "EOF"),
        (TRADE, b"\xff\xfe", "payload"),
        (TRADE, trade("AAPL"), "symbol: expected 'IBM' as in the subject"),
        (TRADE, trade(size=-1.0), "size"),
        (TRADE, b'{"symbol": "IBM", "price": NaN}', "price"),
        (TRADE, {**trade(), "timestamp": "2026-09-21T15:00:00Z"}, "at most 0:05:00 after"),
        ("mts.v1.marketdata.tick.IBM", trade(), "expected a subject of the registry"),
    ],
)
def test_what_is_refused_is_kept_with_its_reason(
    subject: str, payload: object, reason: str
) -> None:
    raw = batch([(TRADE, trade()), (subject, payload)])
    intake = market(raw)
    [rejected] = rejections(intake)
    assert reason in rejected.reason
    assert base64.b64decode(rejected.payload_base64) == raw.payloads[1]
    assert (rejected.source, rejected.subject) == ("market", subject)
    assert (rejected.stream, rejected.sequence) == ("S", 2)
    [(_, columns)] = intake.items
    assert isinstance(columns, MarketBatch)
    assert len(columns.trades.prices) == 1


def test_slow_events_are_refused_in_the_same_way() -> None:
    intake = slow(batch([(NAV, nav(amount="NaN")), (NAV, nav())]))
    assert [one.sequence for one in rejections(intake)] == [1]
    assert {one.provenance.sequence for _, one in observations(intake)} == {2}


def test_a_line_that_could_not_be_read_is_reported_with_its_fault() -> None:
    raw = batch([("", b"nonsense")])
    raw.faults[0] = "expected a line"
    assert [one.reason for one in rejections(slow(raw))] == ["expected a line"]


def test_a_refusal_has_the_same_id_however_often_it_is_read() -> None:
    raw = batch([(TRADE, b"{"), (TRADE, [1, 2]), (TRADE, b"{")])
    ids = [one.event_id for one in market(raw).reports]
    assert ids == [one.event_id for one in market(raw).reports]
    assert len(set(ids)) == 4


@pytest.mark.parametrize(
    "other",
    [
        batch([(TRADE, b"}")]),
        batch([(TRADE, b"{")], stream="T"),
        batch([(TRADE, trade()), (TRADE, b"{")]),
    ],
)
def test_another_refusal_has_another_id(other: RawBatch) -> None:
    [one] = market(batch([(TRADE, b"{")])).reports
    assert one.event_id not in {report.event_id for report in market(other).reports}


def test_an_array_of_bad_elements_is_carried_once() -> None:
    raw = batch([(TRADE, [{"price": number} for number in range(500)])])
    refused = rejections(market(raw))
    assert len(refused) == 500
    assert base64.b64decode(refused[0].payload_base64) == raw.payloads[0]
    assert sum(len(one.payload_base64) for one in refused[1:]) == 0


def test_a_report_of_a_huge_payload_fits_into_a_message() -> None:
    size = 8 << 20
    intake = market(batch([(TRADE, b"x" * size)]))
    [rejected] = rejections(intake)
    assert len(intake.reports[0].payload()) < 8_000_000
    assert f"the first {4 << 20} of {size} bytes are kept" in rejected.reason


def test_a_loss_reaches_the_shard_of_its_partition_and_the_world() -> None:
    intake = market(RawBatch("S", "3", lost=LOST, noticed_ns=ARRIVAL_NS))
    assert intake.items == [("3", LOST)]
    [report] = intake.reports
    assert report.subject == "mts.v1.operations.gap.market"
    assert isinstance(report.event, Gap)
    assert (report.event.expected_sequence, report.event.found_sequence) == (5, 9)
    assert (report.event.stream, report.event.partition) == ("S", "3")
    assert report.event.reason == "purged"


def test_a_loss_of_slow_events_reaches_every_shard() -> None:
    intake = slow(RawBatch("S", "events", lost=LOST, noticed_ns=ARRIVAL_NS))
    assert intake.items == [(str(shard), LOST) for shard in range(PARTITIONS)]
    assert len(intake.reports) == 1


def test_a_gap_has_the_same_id_whenever_it_is_noticed() -> None:
    raw = RawBatch("S", "3", lost=LOST, noticed_ns=ARRIVAL_NS)
    [first] = market(raw).reports
    [later] = market(replace(raw, noticed_ns=ARRIVAL_NS + 10**9)).reports
    [other] = market(replace(raw, lost=LostRange("purged", 5, 10))).reports
    [elsewhere] = decode_market("surveillance", raw).reports
    assert first.event_id == later.event_id
    assert len({first.event_id, other.event_id, elsewhere.event_id}) == 3


@given(st.text(min_size=1, max_size=12))
def test_a_key_has_the_shard_of_its_encoded_token(key: str) -> None:
    assert 0 <= int(shard_of(key)) < PARTITIONS


def test_a_symbol_has_the_shard_of_its_partition() -> None:
    assert shard_of("BRK.B") == str(partition_of("BRK%2EB"))


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)
SUBJECTS = st.sampled_from([NAV, TRADE, "mts.v1.marketdata.trade.", "", "mts.v1.operations.x"])


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(SUBJECTS, st.binary(max_size=30) | JSON), max_size=5))
def test_no_content_stops_the_decoding(messages: list[tuple[str, object]]) -> None:
    raw = batch(messages)
    assert {one.sequence for one in rejections(market(raw))} == set(raw.sequences)
    assert {one.sequence for one in rejections(slow(raw))} == set(raw.sequences)
