import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chi2

from mts1b_operations.stats.gamma import chi_square_tail

pytestmark = pytest.mark.unit


@given(value=st.floats(0, 500), degrees=st.integers(1, 300))
def test_the_tail_agrees_with_scipy(value: float, degrees: int) -> None:
    expected = chi2.sf(value, degrees)

    assert chi_square_tail(value, degrees) == pytest.approx(expected, rel=1e-10, abs=1e-13)


def test_no_degrees_of_freedom_are_refused() -> None:
    with pytest.raises(ValueError, match="expected degrees of freedom above 0, found 0"):
        chi_square_tail(1.0, 0)
