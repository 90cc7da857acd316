"""What goes wrong in the simulated market: three faults, drawn from the seed.

They cannot set off one another. Trades do not move the funds, so toxic flow stays in its symbol;
each fund carries one fault only, sized to stay inside the other limits of that fund (funds.py).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

WARM_UP_DAYS = 25
"""Trading days without a fault: longer than the longest window of a watchdog."""

_QUIET_END_DAYS = 2
_BREAK_DAYS = 8
_TOXIC_MINUTES = 120
_LATEST_TOXIC_MINUTE = 240


@dataclass(frozen=True, slots=True)
class ToxicFlow:
    """Buyers or sellers (`direction` +1 or -1) press one symbol for some minutes of a day."""

    symbol: str
    day: int
    minute: int
    minutes: int
    direction: int


@dataclass(frozen=True, slots=True)
class VolatilityBreak:
    """A fund swings several times as wide as it should, for `days` days from `day` on."""

    day: int
    days: int


@dataclass(frozen=True, slots=True)
class DailyLoss:
    """A fund loses `share` of its opening NAV on `day`, within the tick before `tick` and it."""

    day: int
    tick: int
    share: float


@dataclass(frozen=True, slots=True)
class Faults:
    """The faults of one scenario."""

    toxic: ToxicFlow
    volatility: VolatilityBreak
    loss: DailyLoss


def draw_faults(rng: np.random.Generator, days: int, symbols: Sequence[str]) -> Faults:
    """Draw when and where each fault strikes, after the warm-up and before the last days.

    Raises ValueError where `days` leaves no room for that.
    """
    last = days - _QUIET_END_DAYS
    if last - _BREAK_DAYS <= WARM_UP_DAYS:
        needed = WARM_UP_DAYS + _BREAK_DAYS + _QUIET_END_DAYS + 1
        raise ValueError(f"expected at least {needed} trading days, found {days}")
    return Faults(
        _draw_toxic_flow(rng, last, symbols),
        VolatilityBreak(int(rng.integers(WARM_UP_DAYS, last - _BREAK_DAYS)), _BREAK_DAYS),
        DailyLoss(
            day=int(rng.integers(WARM_UP_DAYS, last)),
            tick=int(rng.integers(3, 7)),
            share=float(rng.uniform(0.032, 0.036)),
        ),
    )


def _draw_toxic_flow(rng: np.random.Generator, last: int, symbols: Sequence[str]) -> ToxicFlow:
    return ToxicFlow(
        symbol=symbols[int(rng.integers(len(symbols)))],
        day=int(rng.integers(WARM_UP_DAYS, last)),
        minute=int(rng.integers(_TOXIC_MINUTES, _LATEST_TOXIC_MINUTE)),
        minutes=_TOXIC_MINUTES,
        direction=int(rng.choice((1, -1))),
    )
