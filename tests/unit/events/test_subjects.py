"""The registry: every row of the design, subjects that go there and back, streams that hold all."""

import json

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mts1b_operations.events.streams import STREAMS, StreamSpec
from mts1b_operations.events.subjects import (
    PREFIX,
    REGISTRY,
    SubjectSpec,
    UnknownSubjectError,
    decode_token,
    encode_token,
    resolve,
    spec_named,
    spec_of,
    stream_subjects,
    subject_of,
)
from tests.unit.events.minimal_examples import CONTRACTS, EXAMPLES

pytestmark = pytest.mark.unit

ROWS = {
    "marketdata": ["trade", "quote", "bar"],
    "portfolio": ["nav", "position", "option", "envelope"],
    "strategy": ["ic", "forecast", "outcome", "pnl", "baseline"],
    "news": ["item"],
    "oms": ["order", "halt_ack"],
    "riskengine": ["gate"],
    "registry": ["fund", "strategy", "oms"],
    "operations": [
        *("reading", "alert", "action", "action_result", "alert_ack", "silence", "gap", "drill"),
        *("id_conflict", "rejected", "command", "config", "heartbeat"),
    ],
    "operations.halt": [
        *("requested", "enforced", "enforcement_failed", "resume_requested"),
        *("signed", "lifted", "refused"),
    ],
}
KEYLESS = {"operations.rejected"} | {f"operations.halt.{kind}" for kind in ROWS["operations.halt"]}
NAMES = {"health"} | {f"{domain}.{kind}" for domain, kinds in ROWS.items() for kind in kinds}
KEYS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=20)


def test_the_registry_has_every_row_and_no_other() -> None:
    assert [spec.name for spec in REGISTRY if spec.name not in NAMES] == []
    assert {spec.name for spec in REGISTRY} == NAMES
    assert len(REGISTRY) == len(NAMES)
    assert {spec.name for spec in REGISTRY if not spec.keyed} == KEYLESS


def test_a_contract_belongs_to_one_row() -> None:
    models = [model for spec in REGISTRY for model in spec.models]
    assert len(models) == len(set(models))


def test_a_row_is_found_by_name_and_by_contract() -> None:
    for spec in REGISTRY:
        assert spec_named(spec.name) is spec
        assert all(spec_of(model) is spec for model in spec.models)
    with pytest.raises(KeyError):
        spec_named("portfolio.unknown")


@given(KEYS)
@example("BRK.B")
@example("a b")
@example("*")
@example(">")
@example("mts.v1.>")
@example("~-_%2E")
@example("\r\n\0")
@example("東証.7203")
def test_a_token_goes_there_and_back(text: str) -> None:
    token = encode_token(text)
    assert decode_token(token) == text
    assert token.isascii()
    assert token.isprintable()
    assert not set(token) & set(". *>\t")


def test_a_token_is_as_the_design_says() -> None:
    assert encode_token("BRK.B") == "BRK%2EB"
    assert encode_token("BTC-USD_1~") == "BTC-USD_1~"


@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_a_subject_resolves_to_the_row_and_key_of_its_event(name: str) -> None:
    model = CONTRACTS[name]
    event = model.model_validate_json(json.dumps(EXAMPLES[name]))
    address = resolve(subject_of(event))
    assert address.spec is spec_of(model)
    assert address.key == (getattr(event, model.key_field) if model.key_field else "")


@settings(deadline=None)
@given(st.sampled_from([spec for spec in REGISTRY if spec.keyed]), KEYS)
def test_any_key_resolves_to_itself(spec: SubjectSpec, key: str) -> None:
    address = resolve(f"{PREFIX}{spec.name}.{encode_token(key)}")
    assert (address.spec, address.key) == (spec, key)


@pytest.mark.parametrize(
    "subject",
    [
        "",
        ".",
        "mts.v1.",
        "mts.v1.health",
        "mts.v1.health.",
        "mts.v1.health.oms.extra",
        "mts.v1.marketdata",
        "mts.v1.marketdata.trade",
        "mts.v1.marketdata.trade.",
        "mts.v1.marketdata.trade.BRK.B",
        "mts.v1.marketdata.unknown.AAPL",
        "mts.v1.operations.halt",
        "mts.v1.operations.halt.lifted.alpha",
        "mts.v1.operations.halt.unknown",
        "mts.v2.marketdata.trade.AAPL",
        "mts.rpc.v1.marketdata.trade.AAPL",
        "marketdata.trade.AAPL",
        " mts.v1.marketdata.trade.AAPL",
    ],
)
def test_an_unknown_subject_is_refused_by_name(subject: str) -> None:
    with pytest.raises(UnknownSubjectError, match="expected a subject of the registry") as refused:
        resolve(subject)
    assert repr(subject) in str(refused.value)


@pytest.mark.parametrize(
    "token", ["A%41PL", "BRK%2eB", "a b", "^VIX", "*", "%", "%FF", "é", "\ud800"]
)
def test_a_key_has_one_spelling(token: str) -> None:
    with pytest.raises(UnknownSubjectError, match="expected the key"):
        resolve(f"mts.v1.marketdata.trade.{token}")


@given(st.text(max_size=40))
def test_resolve_raises_nothing_else(text: str) -> None:
    for subject in (text, PREFIX + text, f"{PREFIX}news.item.{text}"):
        try:
            address = resolve(subject)
        except UnknownSubjectError:
            continue
        assert subject == f"{PREFIX}{address.spec.name}.{encode_token(address.key)}"


def _overlap(one: str, other: str) -> bool:
    """Tell whether some subject matches both patterns, token by token."""
    ours, theirs = one.split("."), other.split(".")
    for mine, yours in zip(ours, theirs, strict=False):
        if ">" in (mine, yours):
            return True
        if "*" not in (mine, yours) and mine != yours:
            return False
    return len(ours) == len(theirs)


@pytest.mark.parametrize(
    ("one", "other", "overlap"),
    [
        ("a.b", "a.b", True),
        ("a.*", "a.b", True),
        ("a.>", "a.b.c", True),
        ("a.>", "a", False),
        ("a.b", "a.c", False),
        ("a.*", "a.b.c", False),
        ("a.*.c", "a.b.>", True),
    ],
)
def test_control_the_overlap_check_knows_patterns(one: str, other: str, overlap: bool) -> None:
    assert _overlap(one, other) == _overlap(other, one) == overlap


def test_no_two_streams_overlap_nor_do_the_subjects_of_one() -> None:
    patterns = [(one.name, pattern) for one in STREAMS for pattern in stream_subjects(one)]
    pairs = [
        (one, other)
        for index, one in enumerate(patterns)
        for other in patterns[index + 1 :]
        if _overlap(one[1], other[1])
    ]
    assert pairs == []


@pytest.mark.parametrize("stream", STREAMS, ids=lambda stream: stream.name)
def test_a_stream_stores_the_rows_assigned_to_it_and_no_other(stream: StreamSpec) -> None:
    stored = {
        spec.name
        for spec in REGISTRY
        if any(_overlap(spec.pattern, pattern) for pattern in stream_subjects(stream))
    }
    assert stored == {spec.name for spec in REGISTRY if spec.stream == stream.name}
