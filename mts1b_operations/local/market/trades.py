"""The tape of one symbol: a random walk that is sampled by trades, with a U-shaped day.

The efficient price moves as fast in every minute; how often it is seen follows the time of day.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from mts1b_operations.events.contracts.market import Side, TradeBatch
from mts1b_operations.local.market.faults import ToxicFlow
from mts1b_operations.local.market.sessions import SESSION_MINUTES, Sessions

BATCH_MINUTES = 5
"""Minutes of one symbol's trades that travel together."""

_LOT = 100
_MEAN_LOTS = 2.0
_TICK = 0.01
_OVERNIGHT_VOLATILITY = 0.004
_TOXIC_ACTIVITY = 4.0
_TOXIC_DRIFT = 1.8
_TOXIC_AGREEMENT = 0.9

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Instrument:
    """One symbol: its opening price, trades a minute on average, volatility of a minute (log)."""

    symbol: str
    price: float
    trades_a_minute: float
    minute_volatility: float

    @property
    def daily_volume(self) -> float:
        """Give the expected volume of a quiet day, in shares."""
        return SESSION_MINUTES * self.trades_a_minute * _MEAN_LOTS * _LOT


INSTRUMENTS = (
    Instrument("ACME", 84.0, 2.6, 0.0005),
    Instrument("BOLT", 41.5, 2.2, 0.0006),
    Instrument("CRUX", 132.0, 1.8, 0.0004),
    Instrument("DUNE.B", 57.25, 1.6, 0.0005),
)
"""Invented names; one holds a dot, which a subject token must encode."""


@dataclass(frozen=True, slots=True)
class Tape:
    """Trades in time order, column by column; `minutes` count trading time from the first day."""

    symbol: str
    minutes: Floats
    prices: Floats
    sizes: Floats
    signs: NDArray[np.int8]


def simulate_tape(
    instrument: Instrument, days: int, toxic: ToxicFlow | None, rng: np.random.Generator
) -> Tape:
    """Simulate `days` sessions of one symbol; `toxic`, if any, must be about this symbol."""
    minutes = _trade_times(instrument, days, toxic, rng)
    toxic_rows = _within(minutes, toxic)
    signs = _aggressors(toxic_rows, toxic, rng)
    middle = _efficient_price(instrument, minutes, toxic_rows, toxic, rng)
    prices = np.round(np.round((middle + _TICK * signs) / _TICK) * _TICK, 2)
    sizes = _LOT * rng.geometric(1 / _MEAN_LOTS, size=len(minutes)).astype(np.float64)
    return Tape(instrument.symbol, minutes, prices, sizes, signs)


def _day_shape() -> Floats:
    """Give the activity of each minute of a session, mean one: three times busier at the ends."""
    position = (np.arange(SESSION_MINUTES) + 0.5) / SESSION_MINUTES
    shape = 0.6 + 1.2 * (2 * position - 1) ** 2
    return np.asarray(shape / shape.mean(), dtype=np.float64)


def _trade_times(
    instrument: Instrument, days: int, toxic: ToxicFlow | None, rng: np.random.Generator
) -> Floats:
    activity = np.tile(_day_shape(), days) * instrument.trades_a_minute
    if toxic is not None:
        first = toxic.day * SESSION_MINUTES + toxic.minute
        activity[first : first + toxic.minutes] *= _TOXIC_ACTIVITY
    counts = rng.poisson(activity)
    starts = np.repeat(np.arange(len(counts), dtype=np.float64), counts)
    return np.sort(starts + rng.random(len(starts)))


def _within(minutes: Floats, toxic: ToxicFlow | None) -> NDArray[np.bool_]:
    if toxic is None:
        return np.zeros(len(minutes), dtype=np.bool_)
    first = toxic.day * SESSION_MINUTES + toxic.minute
    return np.asarray((minutes >= first) & (minutes < first + toxic.minutes), dtype=np.bool_)


def _aggressors(
    toxic_rows: NDArray[np.bool_], toxic: ToxicFlow | None, rng: np.random.Generator
) -> NDArray[np.int8]:
    direction = toxic.direction if toxic is not None else 0
    agreement = np.where(toxic_rows, 0.5 + direction * (_TOXIC_AGREEMENT - 0.5), 0.5)
    bought = rng.random(len(toxic_rows)) < agreement
    return np.where(bought, 1, -1).astype(np.int8)


def _efficient_price(
    instrument: Instrument,
    minutes: Floats,
    toxic_rows: NDArray[np.bool_],
    toxic: ToxicFlow | None,
    rng: np.random.Generator,
) -> Floats:
    elapsed = np.diff(minutes, prepend=0.0)
    direction = toxic.direction if toxic is not None else 0
    volatility = instrument.minute_volatility
    steps = volatility * np.sqrt(elapsed) * rng.standard_normal(len(minutes))
    steps += direction * _TOXIC_DRIFT * volatility * elapsed * toxic_rows
    new_day = np.diff(minutes // SESSION_MINUTES, prepend=0.0) > 0
    steps += new_day * _OVERNIGHT_VOLATILITY * rng.standard_normal(len(minutes))
    return instrument.price * np.exp(np.cumsum(steps))


def batches(tape: Tape, sessions: Sessions) -> Iterator[tuple[datetime, TradeBatch]]:
    """Cut a tape into the batches that travel, each with the moment of its last trade."""
    windows = tape.minutes // BATCH_MINUTES
    edges = np.flatnonzero(np.diff(windows, prepend=-1.0, append=np.inf))
    for first, after in pairwise(edges.tolist()):
        batch = _batch(tape, sessions, slice(first, after))
        yield batch.timestamps[-1], batch


def _batch(tape: Tape, sessions: Sessions, rows: slice) -> TradeBatch:
    return TradeBatch(
        symbol=tape.symbol,
        timestamps=[_moment(sessions, minute) for minute in tape.minutes[rows].tolist()],
        prices=tape.prices[rows].tolist(),
        sizes=tape.sizes[rows].tolist(),
        sides=[_SIDES[sign] for sign in tape.signs[rows].tolist()],
    )


_SIDES: dict[int, Side] = {1: "buy", -1: "sell"}


def _moment(sessions: Sessions, minute: float) -> datetime:
    day, of_day = divmod(minute, SESSION_MINUTES)
    return sessions.moment(int(day), of_day)
