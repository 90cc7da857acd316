"""The normal distribution."""

from math import erfc, sqrt

_HALF_ROOT = sqrt(0.5)


def normal_cdf(z: float) -> float:
    """Give the standard normal distribution function at `z`, accurate in both tails.

    By the complementary error function: Abramowitz & Stegun, 26.2.29.
    """
    return 0.5 * erfc(-z * _HALF_ROOT)
