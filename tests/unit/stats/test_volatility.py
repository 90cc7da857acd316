"""Numbers of an independent implementation: numpy and scipy, by the authors of the vectors."""

from math import sqrt

import pytest

from mts1b_operations.stats.volatility import (
    breaches_per_year,
    ewma_volatility,
    ratio_p_value,
    realised_volatility,
    rogers_satchell_variance,
    scale_to_target,
    yang_zhang_variance,
    zero_mean_volatility,
)
from tests.unit.stats.samples import RETURNS

pytestmark = pytest.mark.unit


def test_volatility_of_twenty_returns() -> None:
    assert realised_volatility(RETURNS) == pytest.approx(0.2610925425772894, rel=1e-12)
    assert zero_mean_volatility(RETURNS) == pytest.approx(0.2547598869524007, rel=1e-12)
    assert ewma_volatility(RETURNS) == pytest.approx(0.23449636576045535, rel=1e-12)


def test_volatility_from_bars() -> None:
    bars = {
        "opens": [100, 101, 99.5, 102, 101],
        "highs": [102, 102.5, 102, 103, 103.5],
        "lows": [99, 99, 98.5, 100.5, 100],
        "closes": [101, 99.4, 101.8, 101.2, 103],
    }

    variance = yang_zhang_variance(**bars, previous_close=99.8)

    assert variance == pytest.approx(0.00038929027028272115, rel=1e-12)
    assert sqrt(variance * 252) == pytest.approx(0.31321102808050316, rel=1e-12)
    assert rogers_satchell_variance(**bars) == pytest.approx(0.0003996886392346491, rel=1e-12)


@pytest.mark.parametrize(
    ("count", "expected"),
    [(10, 0.012750473388814921), (20, 0.0011034692430283482), (60, 1.0579701401106557e-07)],
)
def test_chance_of_one_and_a_half_times_the_target(count: int, expected: float) -> None:
    assert ratio_p_value(1.5, count) == pytest.approx(expected, rel=1e-12)


def test_one_return_has_no_deviation() -> None:
    with pytest.raises(ValueError, match="expected at least 2 values, found 1"):
        realised_volatility([0.01])


def test_breaches_a_year_of_a_fund_on_target() -> None:
    assert breaches_per_year(1.5, window=21) == pytest.approx(252 * 0.0011034692430283482)
    assert breaches_per_year(1.5, window=21, periods=365) == pytest.approx(365 * 0.00110346924303)


@pytest.mark.parametrize(("volatility", "share"), [(0.3, 0.5), (0.15, 1.0), (0.1, 1.0), (0.0, 1.0)])
def test_exposure_is_only_ever_reduced(volatility: float, share: float) -> None:
    assert scale_to_target(0.15, volatility) == pytest.approx(share)
