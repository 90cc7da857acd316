"""The profit of a strategy on its capital, summed up tick by tick."""

from dataclasses import dataclass, field

from mts1b_operations.stats.drawdown import Level
from mts1b_operations.stats.origin import Origin

REMEMBERED = 64
"""How many moments are kept to tell a repeated tick from a late one."""


@dataclass(slots=True)
class ProfitTrack:
    """The sum of P/L over capital, from 1, and its peak.

    A sum and not a product, so that a correcting tick undoes a wrong one. Ticks are increments: a
    late one counts, a repeated one (by its moment) does not, and one older than all remembered
    `moments` cannot be told from a repeat and is only counted in `out_of_order`.
    """

    level: Level = field(default_factory=Level)
    start: Origin | None = None
    moments: list[int] = field(default_factory=list)
    ticks: int = 0
    out_of_order: int = 0

    def accepts(self, moment: int) -> bool:
        """Tell whether a tick of `moment` is new; count it where that cannot be told."""
        if moment in self.moments:
            return False
        too_old = len(self.moments) == REMEMBERED and moment < self.moments[0]
        self.out_of_order += too_old
        return not too_old

    def take(self, pnl: float, capital: float, tick: Origin) -> bool:
        """Take in a new tick of `pnl` on `capital`; tell whether that made a credible level."""
        self.moments = sorted([*self.moments, tick.moment])[-REMEMBERED:]
        self.start = self.start or tick
        self.ticks += 1
        return capital > 0 and self.level.move(self.level.now + pnl / capital)
