import pytest
from pydantic import Field

from mts1b_operations.settings.per_fund import check_funds, fund_settings
from mts1b_operations.settings.tree import SettingsError, SettingsModel, SettingsTree

pytestmark = pytest.mark.unit


class Lamp(SettingsModel):
    brightness: int = Field(default=1, ge=0)
    colour: str = "white"


TREE = SettingsTree(
    watchdogs={"lamp": {"brightness": 2}}, funds={"alpha": {"lamp": {"colour": "red"}}}
)


def test_a_funds_own_lies_over_the_firms() -> None:
    assert fund_settings(Lamp, TREE, "lamp", "alpha") == Lamp(brightness=2, colour="red")
    assert fund_settings(Lamp, TREE, "lamp", "beta") == Lamp(brightness=2)


@pytest.mark.parametrize(
    ("firm", "fund", "said"),
    [
        ({"brightness": -1}, {}, r"watchdogs\.lamp\.brightness: .*found -1"),
        ({}, {"brightness": -1}, r"funds\.alpha\.lamp\.brightness: .*found -1"),
        ({}, {"size": 3}, r"funds\.alpha\.lamp\.size: Extra inputs"),
    ],
)
def test_a_bad_setting_is_refused_where_it_was_made(
    firm: dict[str, object], fund: dict[str, object], said: str
) -> None:
    tree = SettingsTree(watchdogs={"lamp": firm}, funds={"alpha": {"lamp": fund}})

    with pytest.raises(SettingsError, match=said):
        check_funds(Lamp, tree, "lamp")
