"""Volume-synchronised probability of informed trading: the arithmetic of VPIN.

Easley, Lopez de Prado and O'Hara (2012), "Flow Toxicity and Liquidity in a High Frequency World",
Review of Financial Studies 25(5). Volumes are whole lots: sums of float sizes lose buckets.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import ceil, fsum

from mts1b_operations.stats.normal import normal_cdf

MOST_BUCKETS = 1_000
"""How many buckets one addition completes one by one; what is beyond is passed over in one go."""


def buy_share(price_change: float, sigma: float) -> float:
    """Give the share of a bar's volume that bought, by bulk classification.

    The normal distribution function of the price change over its standard deviation `sigma`; a
    half where sigma is 0, since then nothing is known.
    """
    return normal_cdf(price_change / sigma) if sigma > 0 else 0.5


@dataclass(slots=True)
class Bucket:
    """The open bucket: how many lots it holds, and how many of them bought.

    `unclassified` lots came before a sigma was known; a bucket with any has no imbalance.
    """

    filled: int = 0
    bought: float = 0.0
    unclassified: int = 0

    def pour(self, lots: int, share: float | None, capacity: int) -> Iterator["Filled"]:
        """Add `lots` of which `share` bought, giving each bucket of `capacity` that fills up.

        A bar larger than a bucket is split at the edges. A bar of more than MOST_BUCKETS gives
        only so many; `passed` of the last counts the rest, each of which equals it.
        """
        beyond = max(0, (self.filled + lots) // capacity - MOST_BUCKETS)
        lots -= beyond * capacity
        while lots > 0:
            taken = min(lots, capacity - self.filled)
            lots -= taken
            self._take(taken, share)
            if self.filled == capacity:
                passed = beyond if lots < capacity else 0
                bought = None if self.unclassified else self.bought
                self.empty()
                yield Filled(bought, passed)

    def empty(self) -> None:
        """Start anew."""
        self.filled, self.bought, self.unclassified = 0, 0.0, 0

    def _take(self, lots: int, share: float | None) -> None:
        self.filled += lots
        if share is None:
            self.unclassified += lots
        else:
            self.bought += share * lots


@dataclass(frozen=True, slots=True)
class Filled:
    """A full bucket: how many of its lots bought (None: unclassified), and equals passed over."""

    bought: float | None
    passed: int = 0


def pack(lots: Iterable[int], shares: Iterable[float], capacity: int) -> tuple[list[float], int]:
    """Pack bars, in time order, into buckets of `capacity` lots.

    Gives the lots that bought in every full bucket, and the lots left in the open one.
    """
    bucket, bought = Bucket(), []
    for volume, share in zip(lots, shares, strict=True):
        for filled in bucket.pour(volume, share, capacity):
            bought.extend([filled.bought or 0.0] * (1 + filled.passed))
    return bought, bucket.filled


def imbalance(bought: float, capacity: int) -> float:
    """Give |sold - bought| as a share of a full bucket of `capacity` lots."""
    return abs(capacity - 2.0 * bought) / capacity


def vpin(imbalances: Sequence[float]) -> float:
    """Give the mean imbalance of a window of buckets; needs at least one."""
    if not imbalances:
        raise ValueError("expected at least one bucket, found none: wait for more volume")
    return fsum(imbalances) / len(imbalances)


def empirical_cdf(history: Sequence[float], value: float) -> float:
    """Give the share of `history` (not empty) that does not exceed `value`."""
    return sum(past <= value for past in history) / len(history)


def level_of_cdf(history: Sequence[float], share: float) -> float:
    """Give the smallest value of `history` at which its empirical CDF reaches `share` (0 to 1].

    `value >= level_of_cdf(history, share)` says the same as
    `empirical_cdf(history, value) >= share`, in the unit of the value.
    """
    ordered = sorted(history)
    rank = max(1, ceil(share * len(ordered)))
    # ceil may step over an exact product that floats place a hair too high.
    if rank > 1 and (rank - 1) / len(ordered) >= share:
        rank -= 1
    return ordered[rank - 1]
