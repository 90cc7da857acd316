"""One whole simulated past: its events in time order, its ground truth, its settings."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np

from mts1b_operations.events.contracts.market import TradeBatch
from mts1b_operations.events.envelope import Emission, identified
from mts1b_operations.events.fields import JsonObject
from mts1b_operations.local.market.faults import Faults, draw_faults
from mts1b_operations.local.market.fund_events import TimedEvent, fund_events, registrations
from mts1b_operations.local.market.funds import (
    ALPHA,
    BETA,
    broken_returns,
    fund_path,
    losing_returns,
)
from mts1b_operations.local.market.ground_truth import Episode, ground_truth
from mts1b_operations.local.market.sessions import Sessions, sessions_before
from mts1b_operations.local.market.trades import INSTRUMENTS, Instrument, batches, simulate_tape

DAYS: Final = 40
SOURCE: Final = "simulated-market"


@dataclass(frozen=True, slots=True)
class Scenario:
    """A simulated past.

    `emissions` are in event time; `settings` is the tree that its watchdogs need, in the shape of
    a settings file; `trades` counts single trades, of which a batch holds several.
    """

    seed: int
    sessions: Sessions
    emissions: tuple[Emission, ...]
    episodes: tuple[Episode, ...]
    settings: dict[str, dict[str, JsonObject]]
    trades: int


def simulate(seed: int, end: datetime, days: int = DAYS) -> Scenario:
    """Simulate the `days` sessions that are over at `end`; the same arguments, the same events.

    Raises ValueError for a negative seed, a moment without a zone or too few days.
    """
    if seed < 0:
        raise ValueError(f"expected a seed of 0 or more, found {seed}")
    sessions = sessions_before(end, days)
    faults = draw_faults(_generator(seed, 0), days, [one.symbol for one in INSTRUMENTS])
    events = [*registrations(sessions), *_market(seed, sessions, faults)]
    events += _funds(seed, sessions, faults)
    events.sort(key=lambda timed: timed[0])
    return Scenario(
        seed=seed,
        sessions=sessions,
        emissions=tuple(_emissions(seed, sessions, events)),
        episodes=ground_truth(faults, sessions),
        settings=market_settings(),
        trades=sum(len(event.prices) for _, event in events if isinstance(event, TradeBatch)),
    )


def market_settings() -> dict[str, dict[str, JsonObject]]:
    """Give the settings tree of the simulated market: a bucket is a fiftieth of a day's volume."""
    symbols = {one.symbol: {"bucket_volume": round(one.daily_volume / 50)} for one in INSTRUMENTS}
    return {"watchdogs": {"vpin": {"session": "date", "symbols": symbols}}, "funds": {}}


def _generator(seed: int, part: int) -> np.random.Generator:
    """Give every part of the market a stream of its own, so that one does not shift another."""
    return np.random.default_rng(np.random.SeedSequence(entropy=seed, spawn_key=(part,)))


def _market(seed: int, sessions: Sessions, faults: Faults) -> Iterator[TimedEvent]:
    for part, instrument in enumerate(INSTRUMENTS, start=10):
        yield from _tape(instrument, sessions, faults, _generator(seed, part))


def _tape(
    instrument: Instrument, sessions: Sessions, faults: Faults, rng: np.random.Generator
) -> Iterator[TimedEvent]:
    toxic = faults.toxic if faults.toxic.symbol == instrument.symbol else None
    yield from batches(simulate_tape(instrument, len(sessions), toxic, rng), sessions)


def _funds(seed: int, sessions: Sessions, faults: Faults) -> Iterator[TimedEvent]:
    days = len(sessions)
    rng = _generator(seed, 1)
    path = fund_path(ALPHA, broken_returns(ALPHA, days, faults.volatility, rng), rng)
    yield from fund_events(ALPHA, path, sessions)
    rng = _generator(seed, 2)
    path = fund_path(BETA, losing_returns(BETA, days, faults.loss, rng), rng)
    yield from fund_events(BETA, path, sessions)


def _emissions(seed: int, sessions: Sessions, events: list[TimedEvent]) -> Iterator[Emission]:
    """Identify each event: the same seed over the same days gives the same ids."""
    past = sessions.openings[-1].date().isoformat()
    for number, (moment, event) in enumerate(events):
        yield identified(event, moment, SOURCE, seed, past, number)
