"""How far below its peak a level is."""

from dataclasses import dataclass

LARGEST_LEVEL = 1e30
"""A level beyond this is a typing error, and must not overflow what is reckoned with it."""


@dataclass(slots=True)
class Level:
    """A level against its peak so far. Both start at 1: the start counts as the first peak."""

    now: float = 1.0
    peak: float = 1.0
    deepest: float = 0.0

    @property
    def drawdown(self) -> float:
        """Give the relative distance to the peak (> 0): 0 at the peak, -1 at nothing."""
        return self.now / self.peak - 1.0

    def move(self, level: float) -> bool:
        """Go to `level`; tell whether it was credible. One that is not changes nothing."""
        if not abs(level) <= LARGEST_LEVEL:
            return False
        self.now = level
        self.peak = max(self.peak, level)
        self.deepest = min(self.deepest, self.drawdown)
        return True
