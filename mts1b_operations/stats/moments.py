"""Mean and variance, one value at a time.

By updates of the mean and of the squared deviations (Welford 1962; with weights: West 1979), never
by a sum of squares: at a level of 1e8 that loses every digit that matters.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from math import sqrt


@dataclass(slots=True)
class Moments:
    """A weighted mean, and the weighted squared deviations about it (`spread`)."""

    weight: float = 0.0
    mean: float = 0.0
    spread: float = 0.0

    def add(self, value: float, weight: float = 1.0) -> None:
        """Take in `value`; a weight of 0 changes nothing."""
        if weight <= 0:
            return
        self.weight += weight
        deviation = value - self.mean
        self.mean += deviation * weight / self.weight
        self.spread += weight * deviation * (value - self.mean)

    def fade(self, factor: float) -> None:
        """Let everything so far count `factor` (0 to 1) times as much."""
        self.weight *= factor
        self.spread *= factor

    def variance(self, ddof: float = 0.0) -> float:
        """Give the variance about the mean, `ddof` taken off the weight; needs weight > ddof."""
        if self.weight <= ddof:
            raise ValueError(f"expected a weight above {ddof}, found {self.weight}: more values")
        return self.spread / (self.weight - ddof)

    def deviation(self, ddof: float = 0.0) -> float:
        """Give the square root of the variance."""
        return sqrt(self.variance(ddof))


def moments_of(values: Iterable[float]) -> Moments:
    """Give the moments of equally weighted `values`."""
    moments = Moments()
    for value in values:
        moments.add(value)
    return moments
