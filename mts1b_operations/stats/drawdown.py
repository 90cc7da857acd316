"""How far below its peak a series of levels is."""

from collections.abc import Iterable


def drawdown(level: float, peak: float) -> float:
    """Give the relative distance of `level` to `peak` (> 0): 0 at the peak, -1 at nothing."""
    return level / peak - 1.0


def max_drawdown(levels: Iterable[float]) -> float:
    """Give the deepest drawdown of positive `levels` in time order; the first level is a peak.

    0 for a series that never falls, and for an empty one.
    """
    peak, deepest = 0.0, 0.0
    for level in levels:
        peak = max(peak, level)
        deepest = min(deepest, drawdown(level, peak))
    return deepest
