"""Distribution functions: the normal one, and the chi-square tail by the incomplete gamma."""

from math import erfc, exp, lgamma, log, sqrt

_HALF_ROOT = sqrt(0.5)
_TOLERANCE = 1e-16
_LIMIT = 10_000
_TINY = 1e-300


def normal_cdf(z: float) -> float:
    """Give the standard normal distribution function at `z`, accurate in both tails.

    By the complementary error function: Abramowitz & Stegun, 26.2.29.
    """
    return 0.5 * erfc(-z * _HALF_ROOT)


def chi_square_tail(value: float, degrees: float) -> float:
    """Give P(X > value) for a chi-square X with `degrees` degrees of freedom.

    Raises ValueError unless `degrees` is positive. Abramowitz & Stegun, 26.4.19.
    """
    if degrees <= 0:
        raise ValueError(f"expected degrees of freedom above 0, found {degrees}")
    return upper_gamma(degrees / 2, value / 2)


def upper_gamma(shape: float, bound: float) -> float:
    """Give the regularised upper incomplete gamma function Q(shape, bound).

    The series (A&S 6.5.29) converges fast below the mode, the continued fraction (6.5.31) above.
    """
    if bound <= 0:
        return 1.0
    scale = exp(shape * log(bound) - bound - lgamma(shape))
    if bound < shape + 1:
        return 1.0 - scale * _series(shape, bound)
    return scale * _fraction(shape, bound)


def _series(shape: float, bound: float) -> float:
    term = total = 1.0 / shape
    for step in range(1, _LIMIT):
        term *= bound / (shape + step)
        total += term
        if term < total * _TOLERANCE:
            break
    return total


def _fraction(shape: float, bound: float) -> float:
    """Evaluate the continued fraction from the front, by Lentz' method (1976)."""
    partial = bound + 1.0 - shape
    numerator, denominator = 1.0 / _TINY, 1.0 / partial
    result = denominator
    for step in range(1, _LIMIT):
        factor = -step * (step - shape)
        partial += 2.0
        denominator = 1.0 / _away_from_zero(factor * denominator + partial)
        numerator = _away_from_zero(partial + factor / numerator)
        change = numerator * denominator
        result *= change
        if abs(change - 1.0) < _TOLERANCE:
            break
    return result


def _away_from_zero(value: float) -> float:
    return value if abs(value) > _TINY else _TINY
