"""The track of one strategy: profit and loss on capital, summed up."""

from dataclasses import dataclass, field

from mts1b_operations.watchdogs.portfolio_vol_dd.track import LARGEST, Level, Start, credible

_REMEMBERED = 64
"""How many moments are kept to tell a repeated tick from a late one."""


@dataclass(slots=True)
class StrategyTrack:
    """The sum of P/L over capital, from 1, and its peak.

    A sum and not a product, so that a correcting tick undoes a wrong one. Ticks are increments:
    a late one counts, a repeated one (by its moment) does not, and one older than the last
    64 moments cannot be told from a repeat and is only counted in `out_of_order`.
    """

    level: Level = field(default_factory=Level)
    track_start: Start | None = None
    moments: list[int] = field(default_factory=list)
    ticks: int = 0
    out_of_order: int = 0

    @property
    def latest(self) -> int:
        """Give the latest moment seen, in microseconds since 1970."""
        return self.moments[-1]

    def accepts(self, moment: int) -> bool:
        """Tell whether a tick of `moment` is new; count it where that cannot be told."""
        if moment in self.moments:
            return False
        too_old = len(self.moments) == _REMEMBERED and moment < self.moments[0]
        self.out_of_order += too_old
        return not too_old

    def take(self, pnl: float, capital: float, start: Start) -> bool:
        """Take in a new tick of `pnl` on `capital`; tell whether that made a credible level."""
        self.moments = sorted([*self.moments, start.moment])[-_REMEMBERED:]
        self.track_start = self.track_start or start
        self.ticks += 1
        level = self.level.now + pnl / capital if capital > 0 else LARGEST * 2
        if not credible(level):
            return False
        self.level.move(level)
        return True
