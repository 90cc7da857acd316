import pytest
from scipy.stats import norm

from mts1b_operations.stats.normal import normal_cdf

pytestmark = pytest.mark.unit


@pytest.mark.parametrize("z", [-38.0, -8.0, -1.5, -1e-9, 0.0, 0.3, 2.0, 8.0])
def test_agrees_with_scipy_in_both_tails(z: float) -> None:
    assert normal_cdf(z) == pytest.approx(norm.cdf(z), rel=1e-12)
