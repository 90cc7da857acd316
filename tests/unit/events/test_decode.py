"""From untrusted bytes to contracts: nothing raises, nothing is dropped, nothing bad passes."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mts1b_operations.events.columns import MarketColumns
from mts1b_operations.events.decode import EARLIEST, MAX_AHEAD, Decoded, decode, moments_of
from mts1b_operations.events.envelope import RawMessage
from mts1b_operations.events.fields import rfc3339
from mts1b_operations.events.subjects import subject_of
from tests.unit.events.minimal_examples import CONTRACTS, EXAMPLES

pytestmark = pytest.mark.unit

ARRIVAL = datetime(2026, 1, 2, 3, 4, 6, tzinfo=UTC)
ARRIVAL_NS = int(ARRIVAL.timestamp()) * 10**9
TRADES = "mts.v1.marketdata.trade.BRK%2EB"
GOOD = json.dumps(EXAMPLES["Trade"]).encode()


def _decode(payload: bytes, subject: str = TRADES) -> Decoded:
    return decode(RawMessage(subject, payload, 1, ARRIVAL_NS))


def _trade(**fields: object) -> bytes:
    return json.dumps({**EXAMPLES["Trade"], **fields}).encode()


def _refusal(payload: bytes, subject: str = TRADES) -> str:
    """Give the one reason for which all of `payload` is refused."""
    decoded = _decode(payload, subject)
    assert decoded.events == []
    assert len(decoded.reasons) == 1
    return decoded.reasons[0]


SUBJECTS = {
    name: subject_of(model.model_validate_json(json.dumps(EXAMPLES[name])))
    for name, model in CONTRACTS.items()
}


@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_every_contract_is_read_from_its_subject(name: str) -> None:
    decoded = _decode(json.dumps(EXAMPLES[name]).encode(), SUBJECTS[name])
    assert decoded.reasons == []
    assert [type(event) for event in decoded.events] == [CONTRACTS[name]]


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"", "Invalid JSON"),
        (b"not json", "Invalid JSON"),
        (b"{", "Invalid JSON"),
        (GOOD + GOOD, "Invalid JSON"),
        (b"\xef\xbb\xbf" + GOOD, "Invalid JSON"),
        (GOOD.replace(b"BRK", b"\xff"), "Invalid JSON"),
        (b"{" * 100_000, "Invalid JSON"),
        (b"[" * 100_000, "Invalid JSON"),
        (b"null", "object"),
        (b"[]", "object"),
        (b"7", "object"),
        (b"{}", "price: Field required"),
        (_trade(price="10"), "price: Input should be a valid number"),
        (_trade(price=None), "price: Input should be a valid number"),
        (_trade(price=True), "price: Input should be a valid number"),
        (_trade(price=0), "price: Input should be greater than 0"),
        (_trade(price=float("nan")), "price: Input should be a finite number"),
        (_trade(price=float("inf")), "price: Input should be a finite number"),
        (_trade(price=10**400), "price: Input should be a finite number"),
        (_trade(size=-1), "size: Input should be greater than 0"),
        (_trade(size=0), "size: Input should be greater than 0"),
        (_trade(side="both"), "side: Input should be 'buy' or 'sell'"),
        (_trade(symbol=""), "symbol: String should have at least 1 character"),
        (_trade(symbol="AAPL"), "symbol: expected 'BRK.B' as in the subject, found 'AAPL'"),
        (_trade(timestamp="yesterday"), "timestamp: expected RFC 3339"),
        (_trade(timestamp="2026-01-02T03:04:05"), "timestamp: expected RFC 3339"),
        (_trade(timestamp=1767323045), "timestamp: expected RFC 3339"),
        (_trade(timestamp="0001-01-01T00:00:00+01:00"), "timestamp: "),
        (_trade(timestamp="9999-12-31T23:59:59-01:00"), "timestamp: "),
        (_trade(timestamp="2999-01-01T00:00:00Z"), "correct the publisher's clock"),
        (_trade(timestamp="1600-01-01T00:00:00Z"), "correct the publisher's clock"),
    ],
)
def test_bad_input_is_refused_with_its_reason(payload: bytes, reason: str) -> None:
    assert reason in _refusal(payload)


def test_a_refusal_says_what_was_found() -> None:
    assert "found 'both'" in _refusal(_trade(side="both"))


def test_a_refusal_stays_short() -> None:
    assert len(_refusal(_trade(side="x" * 1_000_000))) < 500
    assert len(_refusal(b"{}".replace(b"}", b'"a":[' + b"1," * 100_000 + b"1]}"))) < 1000


@pytest.mark.parametrize("subject", ["mts.v1.unknown.kind.x", "other", "", "mts.v1.news.item.a b"])
def test_an_unknown_subject_is_refused(subject: str) -> None:
    assert "expected" in _refusal(GOOD, subject)


def test_what_a_source_could_not_read_is_refused_with_the_sources_reason() -> None:
    message = RawMessage(TRADES, GOOD, 1, ARRIVAL_NS, fault="line 3: not UTF-8")
    assert decode(message) == Decoded(reasons=["line 3: not UTF-8"])


@pytest.mark.parametrize("name", ["Bar", "NavEnvelope", "HaltRequest", "TradeBatch"])
def test_rules_between_fields_are_held(name: str) -> None:
    changes: dict[str, dict[str, Any]] = {
        "Bar": {"high": 9.6},
        "NavEnvelope": {"returns": None},
        "HaltRequest": {"level": "FIRM_HALT"},
        "TradeBatch": {"prices": [10.0]},
    }
    payload = json.dumps({**EXAMPLES[name], **changes[name]}).encode()
    assert "expected" in _refusal(payload, SUBJECTS[name])


def test_an_array_stands_or_falls_element_by_element() -> None:
    bad = [_trade(price=-1), _trade(price=float("nan")), b"null", _trade(symbol="X"), b"[]"]
    late = _trade(timestamp="2999-01-01T00:00:00Z")
    decoded = _decode(b" [" + b",".join([GOOD, *bad, GOOD, late]) + b"]")
    assert len(decoded.events) == 2
    assert len(decoded.reasons) == len(bad) + 1


def test_an_element_with_nan_in_an_optional_field_is_not_taken_for_null() -> None:
    ok = {**EXAMPLES["HealthReport"], "latency_ms": 1.5}
    payload = json.dumps([ok, {**ok, "latency_ms": float("nan")}]).encode()
    decoded = _decode(payload, "mts.v1.health.oms")
    assert len(decoded.events) == 1
    assert "finite" in decoded.reasons[0]


def test_an_array_may_mix_trades_and_batches() -> None:
    batch = json.dumps(EXAMPLES["TradeBatch"]).encode()
    decoded = _decode(b"[" + GOOD + b"," + batch + b"]")
    assert [type(event).__name__ for event in decoded.events] == ["Trade", "TradeBatch"]
    assert decoded.reasons == []


def test_an_array_that_is_not_json_is_one_refusal() -> None:
    assert "Invalid JSON" in _refusal(b"[" + GOOD + b"," + GOOD)


@given(st.lists(st.sampled_from([GOOD, _trade(price=-1), b"1", b"{}"]), min_size=1, max_size=6))
def test_an_array_gives_what_its_elements_give_alone(elements: list[bytes]) -> None:
    together = _decode(b"[" + b",".join(elements) + b"]")
    alone = [_decode(element) for element in elements]
    assert together.events == [event for one in alone for event in one.events]
    assert together.reasons == [reason for one in alone for reason in one.reasons]


def test_a_word_in_a_value_does_not_make_a_trade_a_batch() -> None:
    decoded = _decode(_trade(venue="timestamps"))
    assert [type(event).__name__ for event in decoded.events] == ["Trade"]


def test_a_bad_batch_is_refused_as_a_batch() -> None:
    bad = {**EXAMPLES["TradeBatch"], "sizes": [3, -1]}
    assert "sizes.1: " in _refusal(json.dumps(bad).encode())


@pytest.mark.parametrize("ahead", [MAX_AHEAD, timedelta(0), -timedelta(days=365)])
def test_a_clock_may_run_a_little_ahead(ahead: timedelta) -> None:
    assert _decode(_trade(timestamp=rfc3339(ARRIVAL + ahead))).reasons == []


def test_a_clock_may_not_run_further_ahead() -> None:
    late = rfc3339(ARRIVAL + MAX_AHEAD + timedelta(milliseconds=1))
    assert "correct the publisher's clock" in _refusal(_trade(timestamp=late))
    one_late = {**EXAMPLES["TradeBatch"], "timestamps": ["2026-01-02T03:04:05Z", late]}
    assert "correct the publisher's clock" in _refusal(json.dumps(one_late).encode())


def test_the_earliest_event_time_is_taken() -> None:
    assert _decode(_trade(timestamp=rfc3339(EARLIEST))).reasons == []
    before = rfc3339(EARLIEST - timedelta(microseconds=1))
    assert "or later" in _refusal(_trade(timestamp=before))


def test_an_expiry_may_lie_far_ahead() -> None:
    forever = {**EXAMPLES["Silence"], "expires": "9999-12-31T00:00:00Z"}
    assert _decode(json.dumps(forever).encode(), SUBJECTS["Silence"]).reasons == []


@pytest.mark.parametrize(("name", "count"), [("Trade", 1), ("TradeBatch", 2), ("Gap", 0)])
def test_moments_of_an_event(name: str, count: int) -> None:
    event = CONTRACTS[name].model_validate_json(json.dumps(EXAMPLES[name]))
    assert len(moments_of(event)) == count


def test_a_missing_optional_timestamp_is_no_moment() -> None:
    event = CONTRACTS["GateFailure"].model_validate_json(json.dumps(EXAMPLES["GateFailure"]))
    assert moments_of(event) == []


def _nothing_is_lost(decoded: Decoded) -> None:
    """Every message gives an event or a reason, and what is good fits the columns."""
    assert decoded.events or decoded.reasons
    assert all(decoded.reasons)
    columns = MarketColumns("S")
    for event in decoded.events:
        columns.add(event, 1)
    columns.finish()


@settings(deadline=None)
@given(st.binary(max_size=200), st.sampled_from([TRADES, *SUBJECTS.values()]))
def test_any_bytes_give_an_event_or_a_reason(payload: bytes, subject: str) -> None:
    _nothing_is_lost(_decode(payload, subject))
    _nothing_is_lost(_decode(b"[" + payload + b"]", subject))


@settings(deadline=None)
@given(st.text(max_size=60))
@example("mts.v1.news.item.\ud800")
def test_any_subject_gives_an_event_or_a_reason(subject: str) -> None:
    _nothing_is_lost(_decode(GOOD, subject))


@settings(max_examples=500, deadline=None)
@given(data=st.data(), name=st.sampled_from(sorted(EXAMPLES)))
def test_a_damaged_payload_gives_an_event_or_a_reason(data: st.DataObject, name: str) -> None:
    payload = bytearray(json.dumps(EXAMPLES[name]).encode())
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(payload) - 1))
        payload[place : place + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
        if not payload:
            break
    _nothing_is_lost(_decode(bytes(payload), SUBJECTS[name]))


_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=4)
    | st.sampled_from([10**400, 1e300, "1e99", "0001-01-01T00:00:00+23:59", "\ud800", "\x00"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=5,
)


@settings(max_examples=500, deadline=None)
@given(data=st.data(), name=st.sampled_from(sorted(EXAMPLES)), value=_JSON)
def test_any_value_in_any_field_gives_an_event_or_a_reason(
    data: st.DataObject, name: str, value: object
) -> None:
    field = data.draw(st.sampled_from(sorted(CONTRACTS[name].model_fields)))
    payload = json.dumps({**EXAMPLES[name], field: value}).encode()
    _nothing_is_lost(_decode(payload, SUBJECTS[name]))


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(sorted(EXAMPLES)), st.datetimes(timezones=st.timezones()))
@example("Trade", datetime(1, 1, 1, tzinfo=UTC))
@example("TradeBatch", datetime(1, 1, 1, tzinfo=UTC))
@example("Bar", datetime(1677, 9, 21, tzinfo=UTC))
def test_any_event_time_gives_an_event_or_a_reason(name: str, moment: datetime) -> None:
    fields = dict(EXAMPLES[name])
    for field in {"timestamp", "start", "as_of", "expires"} & set(fields):
        fields[field] = moment.isoformat()
    if "timestamps" in fields:
        fields["timestamps"] = [moment.isoformat()] * 2
    _nothing_is_lost(_decode(json.dumps(fields).encode(), SUBJECTS[name]))


@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_what_is_emitted_can_be_read_back(name: str) -> None:
    event = CONTRACTS[name].model_validate_json(json.dumps(EXAMPLES[name]))
    decoded = _decode(event.model_dump_json().encode(), subject_of(event))
    assert decoded.events == [event]
