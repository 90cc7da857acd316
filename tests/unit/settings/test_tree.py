import json
from pathlib import Path

import pytest

from mts1b_operations.settings.tree import SettingsError, SettingsTree, load_tree

pytestmark = pytest.mark.unit

FIRM = {"threshold": 0.4, "policy": {"for_observations": 2}}
TREE = {
    "watchdogs": {"vpin": FIRM},
    "funds": {"alpha": {"vpin": {"policy": {"for_seconds": 60}}}, "beta": {}},
}


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "settings.json"
    path.write_text(text)
    return path


def test_a_fund_is_laid_over_the_firm(tmp_path: Path) -> None:
    tree = load_tree(written(tmp_path, json.dumps(TREE)), {"vpin"})

    merged = {"threshold": 0.4, "policy": {"for_observations": 2, "for_seconds": 60}}
    assert tree.fund("alpha", "vpin") == merged
    assert tree.fund("beta", "vpin") == tree.firm("vpin") == FIRM
    assert tree.own("alpha", "vpin") == {"policy": {"for_seconds": 60}}
    assert tree.funds_with("vpin") == ["alpha"]


def test_merging_changes_neither_side() -> None:
    tree = SettingsTree.model_validate(TREE)

    tree.fund("alpha", "vpin")["policy"]["for_seconds"] = 1

    assert tree.fund("alpha", "vpin")["policy"]["for_seconds"] == 60


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "the document"),
        ("[]", "the document"),
        ('{"funds": {"alpha": 3}}', r"funds\.alpha: .*found 3"),
        ('{"watchdog": {}}', "watchdog: Extra inputs are not permitted"),
        ('{"funds": {"alpha": {"vpinn": {}}}}', r"funds\.alpha\.vpinn: expected one of vpin"),
        ('{"watchdogs": {"vpinn": {}}}', r"watchdogs\.vpinn: expected one of vpin"),
    ],
)
def test_a_bad_file_gives_one_line_that_names_the_place(
    tmp_path: Path, text: str, said: str
) -> None:
    path = written(tmp_path, text)

    with pytest.raises(SettingsError, match=said) as refused:
        load_tree(path, {"vpin"})

    assert str(refused.value).startswith(f"{path}: ")
    assert "\n" not in str(refused.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"absent\.json: expected a readable settings file"):
        load_tree(tmp_path / "absent.json")
