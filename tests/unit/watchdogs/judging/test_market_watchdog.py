import pytest

from mts1b_operations.events.envelope import Provenance
from mts1b_operations.settings.tree import SettingsTree
from mts1b_operations.watchdogs.vpin import Vpin
from tests.unit.watchdogs.scenes import nav, trade

pytestmark = pytest.mark.unit


def test_it_is_keyed_by_symbol() -> None:
    assert Vpin().route(trade(0, 10, symbol="INTC")) == "INTC"


def test_anything_but_market_data_is_refused() -> None:
    watchdog = Vpin()
    settings = watchdog.settle(SettingsTree(), "AAPL")

    with pytest.raises(TypeError, match="expected a trade, a batch of them or a bar, found NavT"):
        watchdog.observe(settings, watchdog.begin("AAPL"), nav(0, 1), Provenance("S", 1))
