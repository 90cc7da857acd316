import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chi2, norm

from mts1b_operations.stats.distributions import chi_square_tail, normal_cdf

pytestmark = pytest.mark.unit


@given(value=st.floats(0, 500), degrees=st.integers(1, 300))
def test_the_tail_agrees_with_scipy(value: float, degrees: int) -> None:
    expected = chi2.sf(value, degrees)

    assert chi_square_tail(value, degrees) == pytest.approx(expected, rel=1e-10, abs=1e-13)


def test_no_degrees_of_freedom_are_refused() -> None:
    with pytest.raises(ValueError, match="expected degrees of freedom above 0, found 0"):
        chi_square_tail(1.0, 0)


@pytest.mark.parametrize("z", [-38.0, -8.0, -1.5, -1e-9, 0.0, 0.3, 2.0, 8.0])
def test_the_normal_agrees_with_scipy_in_both_tails(z: float) -> None:
    assert normal_cdf(z) == pytest.approx(norm.cdf(z), rel=1e-12)
