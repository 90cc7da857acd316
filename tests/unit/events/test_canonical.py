"""One value, one text, one hash."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mts1b_operations.events.canonical import canonical_json, digest

pytestmark = pytest.mark.unit

_TEXTS = st.text(st.characters(codec="utf-8"), max_size=5)
_LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | _TEXTS
)
_VALUES = st.recursive(
    _LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXTS, inner, max_size=4),
    max_leaves=8,
)


def _reversed(value: object) -> object:
    """Build the same value with every object's names in reverse order."""
    if isinstance(value, dict):
        return {name: _reversed(value[name]) for name in reversed(list(value))}
    return [_reversed(one) for one in value] if isinstance(value, list) else value


@given(_VALUES)
def test_the_order_of_names_is_irrelevant(value: object) -> None:
    assert canonical_json(_reversed(value)) == canonical_json(value)


@given(_VALUES)
def test_nothing_is_lost_and_reading_back_changes_nothing(value: object) -> None:
    text = canonical_json(value)
    assert json.loads(text) == value
    assert canonical_json(json.loads(text)) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"b": 1, "a": [1.0, None, True]}, b'{"a":[1.0,null,true],"b":1}'),
        (0.1 + 0.2, b"0.30000000000000004"),
        (1e22, b"1e+22"),
        (-0.0, b"-0.0"),
        (2**70, b"1180591620717411303424"),
        ("é€😀", '"é€😀"'.encode()),
        ('"\\\n\x00', b'"\\"\\\\\\n\\u0000"'),
        ({}, b"{}"),
    ],
)
def test_the_text_is_exactly_this(value: object, text: bytes) -> None:
    assert canonical_json(value) == text


@pytest.mark.parametrize(
    "value", [float("nan"), float("inf"), [-float("inf")], {"a": float("nan")}]
)
def test_what_is_not_a_json_number_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="JSON compliant"):
        canonical_json(value)


def test_half_a_surrogate_pair_is_refused() -> None:
    with pytest.raises(ValueError, match="surrogates"):
        canonical_json("\ud800")


@pytest.mark.parametrize("value", [{1, 2}, b"bytes", object(), {("a",): 1}])
def test_what_json_cannot_hold_is_refused(value: object) -> None:
    with pytest.raises(TypeError):
        canonical_json(value)


def test_a_digest_is_that_of_a_shell() -> None:
    # printf '["alert",1]' | sha256sum
    expected = "b506035f39802f0c39dcdb73c0d52ae480bbbc60c7e037fffaf53b35ab4fed63"
    assert digest("alert", 1) == expected


@given(st.lists(_LEAVES, max_size=4), st.lists(_LEAVES, max_size=4))
def test_other_parts_have_another_digest(one: list[object], other: list[object]) -> None:
    same = canonical_json(one) == canonical_json(other)
    assert (digest(*one) == digest(*other)) == same


def test_parts_are_not_run_together() -> None:
    assert digest("ab", "c") != digest("a", "bc") != digest("abc")
