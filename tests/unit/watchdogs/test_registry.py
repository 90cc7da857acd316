from typing import Any

import pytest

from mts1b_operations.settings.tree import SettingsError, SettingsTree
from mts1b_operations.watchdogs.registry import WATCHDOGS, check

pytestmark = pytest.mark.unit


def test_defaults_are_good() -> None:
    check(SettingsTree())

    assert set(WATCHDOGS) == {"vpin", "portfolio_vol_dd"}


@pytest.mark.parametrize(
    ("watchdogs", "funds", "said"),
    [
        ({"vpni": {}}, {}, r"watchdogs\.vpni: expected one of portfolio_vol_dd, vpin"),
        ({"vpin": {"window": 0}}, {}, r"watchdogs\.vpin\.window: .*found 0"),
        ({"vpin": {"treshold": 1}}, {}, r"watchdogs\.vpin\.treshold: Extra inputs"),
        ({"vpin": {"session": "XNIX"}}, {}, r"watchdogs\.vpin\.session: .*XNIX"),
        ({"vpin": {"clear_threshold": 0.5}}, {}, r"watchdogs\.vpin: .*clear_threshold"),
        (
            {"vpin": {"bucket_volume": 40.5, "lot_size": 0.001}},
            {},
            r"watchdogs\.vpin\.bucket_volume: .*fractional part; found 40\.5",
        ),
        ({"vpin": {"bucket_volume": 0}}, {}, r"watchdogs\.vpin\.bucket_volume: .*found 0"),
        ({"vpin": {"symbols": 3}}, {}, r"watchdogs\.vpin\.symbols: .*found 3"),
        ({"vpin": {"symbols": {"AAPL": 3}}}, {}, r"watchdogs\.vpin\.symbols\.AAPL: .*found 3"),
        (
            {"vpin": {"symbols": {"AAPL": {"threshold": 0.5}}}},
            {},
            r"watchdogs\.vpin\.symbols\.AAPL\.threshold: Extra inputs",
        ),
        (
            {},
            {"alpha": {"vpin": {"window": 20}}},
            r"funds\.alpha\.vpin\.window: expected limits only",
        ),
        (
            {},
            {"alpha": {"vpin": {"policy": {"for_observations": 0}}}},
            r"funds\.alpha\.vpin\.policy\.for_observations",
        ),
        (
            {},
            {"alpha": {"portfolio_vol_dd": {"daily_loss_halt_pct": 2}}},
            r"funds\.alpha\.portfolio_vol_dd\.daily_loss_halt_pct: .*found 2",
        ),
        (
            {"portfolio_vol_dd": {"volatility_clear_ratio": 2}},
            {},
            r"watchdogs\.portfolio_vol_dd: .*volatility_clear_ratio of at most 1\.5",
        ),
    ],
)
def test_a_bad_setting_is_refused_by_its_place(
    watchdogs: dict[str, Any], funds: dict[str, Any], said: str
) -> None:
    with pytest.raises(SettingsError, match=said) as refused:
        check(SettingsTree(watchdogs=watchdogs, funds=funds))

    assert "\n" not in str(refused.value)
