"""Volume-synchronised probability of informed trading: the arithmetic of VPIN.

Easley, Lopez de Prado and O'Hara (2012), "Flow Toxicity and Liquidity in a High Frequency World",
Review of Financial Studies 25(5). Volumes are whole lots: sums of float sizes lose buckets.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from math import ceil, fsum

from mts1b_operations.stats.distributions import normal_cdf
from mts1b_operations.stats.moments import Moments
from mts1b_operations.stats.origin import Origin

MOST_BUCKETS = 1_000
"""How many buckets one addition completes one by one; what is beyond is passed over in one go."""


def buy_share(price_change: float, sigma: float) -> float:
    """Give the share of a bar's volume that bought, by bulk classification.

    The normal distribution function of the price change over its standard deviation `sigma`; a
    half where sigma is 0, since then nothing is known.
    """
    return normal_cdf(price_change / sigma) if sigma > 0 else 0.5


@dataclass(slots=True)
class Noise:
    """The price changes of past bars, weighted by volume: what sigma is estimated from.

    `bars` counts those with volume.
    """

    changes: Moments = field(default_factory=Moments)
    bars: int = 0

    def sigma(self, least: int) -> float | None:
        """Give the standard deviation; None before `least` bars."""
        return self.changes.deviation() if self.bars >= least else None

    def learn(self, change: float, lots: int, half_life: float) -> None:
        """Take in a bar that has been judged; past ones weigh half every `half_life` bars."""
        if lots > 0:
            self.changes.fade(0.5 ** (1 / half_life))
            self.changes.add(change, lots)
            self.bars += 1


@dataclass(slots=True)
class Bucket:
    """The open bucket: how many lots it holds, how many of them bought, and where it began.

    `unclassified` lots came before a sigma was known; a bucket with any has no imbalance.
    """

    filled: int = 0
    bought: float = 0.0
    unclassified: int = 0
    origin: Origin | None = None

    def pour(
        self, lots: int, share: float | None, capacity: int, origin: Origin
    ) -> Iterator["Filled"]:
        """Add `lots` of which `share` bought, giving each bucket of `capacity` that fills up.

        `origin` is where the lots come from. A bar larger than a bucket is split at the edges. A
        bar of more than MOST_BUCKETS gives only so many; `passed` of the last counts the rest,
        each of which equals it.
        """
        beyond = max(0, (self.filled + lots) // capacity - MOST_BUCKETS)
        lots -= beyond * capacity
        while lots > 0:
            taken = min(lots, capacity - self.filled)
            lots -= taken
            began = self._take(taken, share, origin)
            if self.filled == capacity:
                passed = beyond if lots < capacity else 0
                bought = None if self.unclassified else self.bought
                self.empty()
                yield Filled(bought, capacity, began, passed)

    def empty(self) -> None:
        """Start anew."""
        self.filled, self.bought, self.unclassified, self.origin = 0, 0.0, 0, None

    def _take(self, lots: int, share: float | None, origin: Origin) -> Origin:
        """Add lots that fit; give where the bucket began."""
        self.origin = self.origin or origin
        self.filled += lots
        if share is None:
            self.unclassified += lots
        else:
            self.bought += share * lots
        return self.origin


@dataclass(slots=True)
class Filled:
    """A full bucket: how many of its lots bought (None: unclassified), and equals passed over."""

    bought: float | None
    capacity: int
    origin: Origin
    passed: int = 0

    @property
    def imbalance(self) -> float | None:
        """Give |sold - bought| as a share of the bucket; None where it is unclassified."""
        return None if self.bought is None else imbalance(self.bought, self.capacity)


def imbalance(bought: float, capacity: int) -> float:
    """Give |sold - bought| as a share of a full bucket of `capacity` lots."""
    return abs(capacity - 2.0 * bought) / capacity


@dataclass(slots=True)
class WindowBucket:
    """A full bucket in the window; `imbalance` is None where sigma was not yet known."""

    imbalance: float | None
    origin: Origin


@dataclass(slots=True)
class Window:
    """The last full buckets; `completed` counts all there ever were."""

    buckets: list[WindowBucket] = field(default_factory=list)
    completed: int = 0

    def add(self, filled: Filled, length: int) -> None:
        """Take in a full bucket, and those equal to it that were passed over; keep `length`."""
        copies = min(1 + filled.passed, length)
        self.buckets += [WindowBucket(filled.imbalance, filled.origin)] * copies
        del self.buckets[:-length]
        self.completed += 1 + filled.passed

    def vpin(self, length: int) -> float | None:
        """Give VPIN over the last `length` buckets; None unless all are there and classified."""
        known = [one.imbalance for one in self.buckets if one.imbalance is not None]
        return vpin(known) if len(known) == length else None

    @property
    def unclassified(self) -> int:
        """Give how many buckets of the window came before a sigma was known."""
        return sum(one.imbalance is None for one in self.buckets)


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


@dataclass(slots=True)
class History:
    """Past readings, oldest first: what a rule compares a new one with before it joins them."""

    values: list[float] = field(default_factory=list)

    def add(self, value: float, keep: int) -> None:
        """Take in a reading; at most `keep` are kept."""
        self.values.append(value)
        del self.values[:-keep]

    def share(self, value: float) -> float:
        """Give the share of the readings, of which there must be one, that `value` reaches."""
        return empirical_cdf(self.values, value)

    def level(self, share: float, least: int) -> float | None:
        """Give the quantile that a new value must reach; None before `least` readings."""
        return level_of_cdf(self.values, share) if len(self.values) >= least else None
