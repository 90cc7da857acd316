import pytest

from mts1b_operations.settings.tree import SettingsModel
from mts1b_operations.watchdogs.judging.hysteresis import clearing_below

pytestmark = pytest.mark.unit


class Bounds(SettingsModel):
    fires: float
    clears: float | None = None


@pytest.mark.parametrize("clears", [None, 0.3, 0.4])
def test_a_clear_threshold_may_reach_the_other(clears: float | None) -> None:
    settings = Bounds(fires=0.4, clears=clears)

    assert clearing_below(settings, clears="fires") is settings


def test_one_beyond_it_is_refused() -> None:
    with pytest.raises(ValueError, match=r"expected clears of at most 0\.4, found 0\.5"):
        clearing_below(Bounds(fires=0.4, clears=0.5), clears="fires")
