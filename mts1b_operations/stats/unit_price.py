"""What a unit of a fund is worth, from its NAV, with flows of money taken out.

Money that comes in buys units at the price before it came, so that the price of a unit is the
time-weighted performance, and a bad NAV leaves no trace in the ones after it.
"""

from dataclasses import dataclass, field

from mts1b_operations.stats.drawdown import LARGEST_LEVEL, Level

SMALLEST = 1e-30
"""Prices of a unit, and numbers of units, below this count as nothing."""


@dataclass(slots=True)
class UnitPrice:
    """The price of a unit, from 1, against its peak.

    `units` is None until a NAV above zero founds them. `close` is the last price above zero, at
    which units are founded anew; `known` tells whether nothing was missed since.
    """

    level: Level = field(default_factory=Level)
    close: float = 1.0
    units: float | None = None
    known: bool = False

    def take(self, nav: float, flow: float) -> bool:
        """Take in a NAV, which includes `flow`; tell whether it gave a credible price."""
        if self.units is None:
            return self._found(nav)
        price = (nav - flow) / self.units
        if not self.level.move(price):
            return False
        if price >= SMALLEST:
            self.close = price
        if flow != 0:
            self._settle(nav, price)
        return True

    def forget(self) -> None:
        """Let the next NAV found units at the last close.

        What happened to the price while nothing was seen is not counted: it may have been a flow.
        """
        self.units, self.known = None, False

    def _found(self, nav: float) -> bool:
        units = nav / self.close
        if units < SMALLEST or nav > LARGEST_LEVEL:
            return False
        self.units, self.known = units, True
        return self.level.move(self.close)

    def _settle(self, nav: float, price: float) -> None:
        """Buy or sell units; what cannot be priced founds them anew at the last close."""
        units = nav / price if price >= SMALLEST else 0.0
        self.units = units if units >= SMALLEST else None
