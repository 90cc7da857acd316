"""The vault's settings lie over the file's."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mts1b_operations.settings.tree import SettingsTree, layered

pytestmark = pytest.mark.unit

ENTRIES = st.dictionaries(
    st.sampled_from(["vpin", "portfolio_vol_dd"]),
    st.dictionaries(st.sampled_from(["window", "threshold"]), st.integers(1, 9)),
)
TREES = st.builds(
    SettingsTree, watchdogs=ENTRIES, funds=st.dictionaries(st.sampled_from(["a", "b"]), ENTRIES)
)


def test_field_by_field() -> None:
    file = SettingsTree(watchdogs={"vpin": {"window": 50, "threshold": 0.4}})
    vault = SettingsTree(
        watchdogs={"vpin": {"threshold": 0.5}}, funds={"alpha": {"vpin": {"threshold": 0.3}}}
    )
    both = layered(file, vault)
    assert both.watchdogs == {"vpin": {"window": 50, "threshold": 0.5}}
    assert both.funds == vault.funds


@given(TREES, TREES)
def test_upper_layer_always_holds(base: SettingsTree, over: SettingsTree) -> None:
    assert layered(layered(base, over), over) == layered(base, over)
    for name, settings in over.watchdogs.items():
        assert settings.items() <= layered(base, over).watchdogs[name].items()


@given(TREES)
def test_nothing_over_something_changes_nothing(tree: SettingsTree) -> None:
    assert layered(tree, SettingsTree()) == tree == layered(SettingsTree(), tree)
