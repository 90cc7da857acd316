"""The JSON Schemas: valid themselves, and of one mind with the contracts."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from pydantic import ValidationError

from mts1b_operations.events.schemas import contracts, json_schema
from tests.unit.events.minimal_examples import CONTRACTS, EXAMPLES

pytestmark = pytest.mark.unit

NAMES = sorted(CONTRACTS)
VALIDATORS = {name: Draft202012Validator(json_schema(model)) for name, model in CONTRACTS.items()}


def _refused(name: str, payload: object) -> bool:
    """Tell whether the contract refuses; fail where its schema is of another mind."""
    reason = ""
    try:
        CONTRACTS[name].model_validate_json(json.dumps(payload))
    except ValidationError as refused:
        reason = str(refused)
    by_schema = not VALIDATORS[name].is_valid(payload)
    assert bool(reason) == by_schema, f"{name} and its schema disagree on {payload}: {reason}"
    return by_schema


@pytest.mark.parametrize("name", NAMES)
def test_a_schema_is_valid_json_schema(name: str) -> None:
    Draft202012Validator.check_schema(json_schema(CONTRACTS[name]))


def test_every_contract_has_an_example() -> None:
    assert sorted(EXAMPLES) == NAMES == [model.__name__ for model in contracts()]


@pytest.mark.parametrize("name", NAMES)
def test_the_minimal_example_is_legal_to_both(name: str) -> None:
    assert not _refused(name, EXAMPLES[name])


@pytest.mark.parametrize("name", NAMES)
def test_what_a_contract_writes_is_legal_to_both(name: str) -> None:
    event = CONTRACTS[name].model_validate_json(json.dumps(EXAMPLES[name]))
    assert not _refused(name, json.loads(event.model_dump_json()))


@pytest.mark.parametrize("name", NAMES)
def test_each_field_of_the_minimal_example_is_required(name: str) -> None:
    example = EXAMPLES[name]
    optional = {"NavEnvelope": {"returns"}, "HaltRequest": {"scope_id"}}.get(name, set())
    required = set(json_schema(CONTRACTS[name])["required"])
    assert set(example) == required | optional
    for field in example:
        assert _refused(name, {key: value for key, value in example.items() if key != field})


@pytest.mark.parametrize("name", NAMES)
def test_a_field_more_is_legal_to_both(name: str) -> None:
    assert not _refused(name, {**EXAMPLES[name], "added_later": [1]})


# Python's `$` matches before a last line feed too, that of ECMA-262 and Rust does not.
_TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\n"), max_size=5)
_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**60), 2**60)
    # A whole number written as 1.0 is an integer to JSON Schema, and not to a strict contract.
    | st.floats(allow_nan=False, allow_infinity=False).filter(lambda one: not one.is_integer())
    | _TEXTS
    | st.sampled_from(["buy", "firing", "ok", "FIRM_HALT", "1m", "1e5", "-0.5", "NaN", "+1", "1_0"])
    | st.sampled_from(["2026-01-02T03:04:05Z", "2026-01-02", "2026-01-02T03:04:05", "1700000000"])
    | st.sampled_from([0, -1, 1, 2**53 - 1, 2**53, 1e140, -1e140, 9.9e139]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXTS, inner, max_size=3),
    max_leaves=4,
)

_BEYOND_JSON_SCHEMA = {
    "Bar": {"open", "high", "low", "close"},
    "TradeBatch": {"timestamps", "prices", "sizes", "sides"},
}
"""Fields that are bound to one another in ways that JSON Schema cannot state."""


@settings(max_examples=500, deadline=None)
@given(name=st.sampled_from(NAMES), data=st.data())
def test_both_agree_on_a_field_of_any_value(name: str, data: st.DataObject) -> None:
    fields = set(CONTRACTS[name].model_fields) - _BEYOND_JSON_SCHEMA.get(name, set())
    field = data.draw(st.sampled_from(sorted(fields)))
    _refused(name, {**EXAMPLES[name], field: data.draw(_VALUES)})


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("Trade", {"size": 0}),
        ("Trade", {"size": -1}),
        ("Trade", {"price": 0}),
        ("Trade", {"price": "10"}),
        ("Trade", {"side": "both"}),
        ("Trade", {"symbol": ""}),
        ("Trade", {"symbol": "x" * 201}),
        ("Trade", {"timestamp": "2026-01-02T03:04:05"}),
        ("Trade", {"timestamp": 1_700_000_000}),
        ("TradeBatch", {"sizes": [3, 0]}),
        ("TradeBatch", {"timestamps": [], "prices": [], "sizes": []}),
        ("Quote", {"bid_size": -1}),
        ("Bar", {"interval": "1 minute"}),
        ("NavTick", {"nav": "NaN"}),
        ("NavTick", {"nav": "1_000"}),
        ("NavTick", {"nav": True}),
        ("HaltAck", {"open_orders": -1}),
        ("HaltAck", {"accepting": 1}),
        ("HealthReport", {"latency_ms": -0.5}),
        ("HaltRequest", {"level": "FIRM_HALT"}),
        ("HaltRequest", {"scope_id": None}),
        ("NavEnvelope", {"returns": []}),
        ("NavEnvelope", {"returns": None, "mu_daily": 0.1}),
        ("IcObservation", {"ic": 1.5}),
        ("ResumeSigned", {"signature": {"signer": "ann", "signature": "0A"}}),
    ],
)
def test_both_refuse(name: str, change: dict[str, Any]) -> None:
    assert _refused(name, {**EXAMPLES[name], **change})


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("HaltRequest", {"level": "FIRM_HALT", "scope_id": None}),
        ("NavEnvelope", {"returns": None, "mu_daily": 0.1, "sigma_daily": 0.2}),
        ("NavTick", {"nav": 1.5}),
        ("Trade", {"size": 1, "price": 1e-9, "side": None}),
        ("Trade", {"timestamp": "2026-01-02t03:04:05.123456789+05:30"}),
        ("HealthReport", {"latency_ms": None}),
    ],
)
def test_both_accept(name: str, change: dict[str, Any]) -> None:
    assert not _refused(name, {**EXAMPLES[name], **change})
