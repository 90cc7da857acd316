import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mts1b_operations.stats.moments import Moments, moments_of

pytestmark = pytest.mark.unit

VALUES = st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=50)


@given(values=VALUES)
def test_variance_is_that_of_numpy(values: list[float]) -> None:
    expected = float(np.var(values, ddof=1))

    assert moments_of(values).variance(ddof=1) == pytest.approx(expected, rel=1e-9, abs=1e-9)


def test_a_large_level_costs_no_digits() -> None:
    small = [0.1, -0.2, 0.3, 0.05]
    level = 2.0**27

    lifted = moments_of(level + one for one in small)

    rounded = [(level + one) - level for one in small]
    assert lifted.variance() == pytest.approx(float(np.var(rounded)), rel=1e-6)


def test_weights_count_like_repetition() -> None:
    weighted = Moments()
    for value, weight in ((1.0, 3), (2.0, 1), (5.0, 2)):
        weighted.add(value, weight)

    repeated = moments_of([1.0, 1.0, 1.0, 2.0, 5.0, 5.0])

    assert weighted.variance() == pytest.approx(repeated.variance(), rel=1e-12)


def test_fading_changes_the_weight_of_the_past_only() -> None:
    moments = moments_of([1.0, 3.0])
    moments.fade(0.5)

    assert moments.variance() == pytest.approx(1.0)
    moments.add(8.0, 1.0)
    assert moments.mean == pytest.approx(5.0)


def test_a_weight_of_zero_changes_nothing() -> None:
    moments = moments_of([1.0, 3.0])

    moments.add(1e9, 0.0)

    assert moments == moments_of([1.0, 3.0])


def test_too_few_values_are_refused() -> None:
    with pytest.raises(ValueError, match=r"expected a weight above 1, found 1\.0"):
        moments_of([4.0]).variance(ddof=1)
