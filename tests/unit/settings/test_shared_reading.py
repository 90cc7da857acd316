from typing import Any

import pytest
from pydantic import Field

from mts1b_operations.settings.shared_reading import SharedReading
from mts1b_operations.settings.tree import SettingsError, SettingsModel, SettingsTree

pytestmark = pytest.mark.unit


class Scale(SettingsModel):
    unit: str = "kg"
    steps: int = Field(default=10, ge=1)


class Bounds(SettingsModel):
    most: float = 1.0
    least: float = 0.0


ENTRY = SharedReading("scale", Scale, Bounds, keys="rooms")


def tree(firm: dict[str, Any], **funds: dict[str, Any]) -> SettingsTree:
    return SettingsTree(
        watchdogs={"scale": firm}, funds={fund: {"scale": own} for fund, own in funds.items()}
    )


def test_the_firm_sets_method_and_limits_and_a_fund_limits_over_them() -> None:
    settled = ENTRY.settle(tree({"unit": "g", "most": 3.0}, alpha={"least": 2.0}), "hall")

    assert settled.method == Scale(unit="g")
    assert list(settled.audiences()) == [
        (None, Bounds(most=3.0)),
        ("alpha", Bounds(most=3.0, least=2.0)),
    ]
    assert settled.limits_of(None) == settled.firm
    assert settled.limits_of("alpha") == settled.funds["alpha"]


def test_a_key_may_have_a_method_of_its_own() -> None:
    settings = tree({"unit": "g", "rooms": {"hall": {"steps": 3}}})

    assert ENTRY.settle(settings, "hall").method == Scale(unit="g", steps=3)
    assert ENTRY.settle(settings, "attic").method == Scale(unit="g")


@pytest.mark.parametrize(
    ("firm", "fund", "said"),
    [
        ({"steps": 0}, {}, r"watchdogs\.scale\.steps: .*found 0"),
        ({"mots": 2}, {}, r"watchdogs\.scale\.mots: Extra inputs"),
        ({"rooms": {"hall": {"steps": 0}}}, {}, r"watchdogs\.scale\.rooms\.hall\.steps: .*found 0"),
        ({"rooms": {"hall": {"most": 2}}}, {}, r"watchdogs\.scale\.rooms\.hall\.most: Extra"),
        ({}, {"steps": 3}, r"funds\.alpha\.scale\.steps: expected limits only"),
        ({}, {"rooms": {}}, r"funds\.alpha\.scale\.rooms: expected limits only"),
        ({}, {"most": "much"}, r"funds\.alpha\.scale\.most: .*found 'much'"),
    ],
)
def test_a_bad_setting_is_refused_where_it_was_made(
    firm: dict[str, Any], fund: dict[str, Any], said: str
) -> None:
    with pytest.raises(SettingsError, match=said):
        ENTRY.check(tree(firm, alpha=fund))
