"""What cannot run is refused by name, before anything runs."""

import pytest

from mts1b_operations.flows.house import House, UnknownWatchdogError
from mts1b_operations.settings.tree import SettingsError, SettingsTree
from mts1b_operations.watchdogs.registry import WATCHDOGS

pytestmark = pytest.mark.unit


def tree(**document: object) -> SettingsTree:
    return SettingsTree.model_validate(document)


def test_all_watchdogs_run_unless_named() -> None:
    assert [one.name for one in House().running()] == list(WATCHDOGS)
    assert [one.name for one in House(names=("vpin",)).running()] == ["vpin"]


@pytest.mark.parametrize("names", [("vpim",), ("vpin", ""), ("vpin", "vpin")])
def test_names_of_no_watchdog_or_of_one_twice(names: tuple[str, ...]) -> None:
    with pytest.raises(UnknownWatchdogError) as refused:
        House(names=names)
    assert repr(names[-1]) in str(refused.value)
    assert all(name in str(refused.value) for name in WATCHDOGS)


@pytest.mark.parametrize(
    ("document", "place"),
    [
        ({"watchdogs": {"vpim": {}}}, "watchdogs.vpim"),
        ({"funds": {"alpha": {"vpim": {}}}}, "funds.alpha.vpim"),
        ({"watchdogs": {"vpin": {"window": 0}}}, "watchdogs.vpin.window"),
        ({"watchdogs": {"vpin": {"symbols": {"A": {"sigma": -1}}}}}, "watchdogs.vpin.symbols.A"),
        ({"funds": {"alpha": {"vpin": {"threshold": "x"}}}}, "funds.alpha.vpin.threshold"),
        ({"funds": {"b": {"portfolio_vol_dd": {"no": 1}}}}, "funds.b.portfolio_vol_dd.no"),
    ],
)
def test_a_bad_setting_names_its_place(document: dict[str, object], place: str) -> None:
    with pytest.raises(SettingsError, match=f"^{place.replace('.', '[.]')}"):
        House(tree=tree(**document))


def test_bad_settings_of_a_watchdog_that_does_not_run_are_refused_too() -> None:
    """Who would mend them on the day it runs again?"""
    with pytest.raises(SettingsError, match="portfolio_vol_dd"):
        House(tree=tree(watchdogs={"portfolio_vol_dd": {"no": 1}}), names=("vpin",))


def test_a_watch_has_the_settings_of_its_key() -> None:
    house = House(tree=tree(watchdogs={"vpin": {"window": 7, "symbols": {"IBM": {"window": 9}}}}))
    ours, others = (str(house.watch("vpin", key).settings) for key in ("IBM", "AAPL"))
    assert "window=9," in ours
    assert "window=7," in others
