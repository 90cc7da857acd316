"""Publish a scenario to NATS at a steady pace, each event under the role that may publish it."""

import socket
import threading
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from time import monotonic
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from pydantic import SecretStr

from mts1b_operations.events.contracts.market import TradeBatch
from mts1b_operations.events.envelope import Emission
from mts1b_operations.events.subjects import SubjectSpec, spec_of
from mts1b_operations.sinks.delivery.outbox import DeliveryError, Message, Outbox, Parcel
from mts1b_operations.sinks.delivery.publisher import Publisher

_SLICE_SECONDS = 0.02


class FeedError(RuntimeError):
    """What was published was not acknowledged: no server, no stream, or no permission."""


@dataclass(frozen=True, slots=True)
class Market:
    """Where the feed publishes: address, password of each role, and patience in seconds."""

    url: str
    passwords: Mapping[str, SecretStr]
    patience: float = 10.0


@dataclass(slots=True)
class Progress:
    """How far a feed has come, for another thread to look at.

    `acknowledged` counts events that a stream has taken, `trades` the single trades in them;
    `event_time` is that of the newest of them.
    """

    total: int = 0
    acknowledged: int = 0
    trades: int = 0
    event_time: datetime | None = None

    def took(self, emission: Emission) -> None:
        """Count one acknowledged event."""
        self.acknowledged += 1
        self.event_time = emission.time
        if isinstance(emission.event, TradeBatch):
            self.trades += len(emission.event.prices)


def feed(
    emissions: Sequence[Emission],
    market: Market,
    seconds: float,
    progress: Progress,
    stop: threading.Event,
) -> None:
    """Publish all of `emissions` evenly over `seconds` and wait for every acknowledgement.

    Blocks: run it in a thread. Returns early when `stop` is set. Raises FeedError when the
    market's patience runs out before an acknowledgement comes, or the server refuses for good.
    """
    progress.total = len(emissions)
    _require_server(market)
    try:
        with _Desk(market, emissions, progress) as desk:
            for due in _paced(emissions, seconds, stop):
                desk.publish(due)
            desk.settle()
    except DeliveryError as failure:
        raise FeedError(f"the simulated market cannot publish: {failure}") from failure


def _require_server(market: Market) -> None:
    """Say at once that nobody listens, where a publisher would go on trying."""
    address = urlsplit(market.url)
    try:
        socket.create_connection((address.hostname, address.port), market.patience).close()
    except OSError as failure:
        raise FeedError(
            f"expected a NATS server at {market.url}, found: {failure}; start it first"
        ) from failure


def _paced(
    emissions: Sequence[Emission], seconds: float, stop: threading.Event
) -> Iterable[Sequence[Emission]]:
    """Cut `emissions` into what is due every few milliseconds."""
    started = monotonic()
    sent = 0
    while sent < len(emissions) and not stop.wait(_SLICE_SECONDS):
        share = min(1.0, (monotonic() - started) / seconds) if seconds > 0 else 1.0
        due = int(len(emissions) * share)
        yield emissions[sent:due]
        sent = due


class _Desk:
    """One publisher for each role that the events need, and one account for all of them."""

    def __init__(self, market: Market, emissions: Iterable[Emission], progress: Progress) -> None:
        roles = sorted({_spec(emission).publishers[0] for emission in emissions})
        self._publishers = {
            role: Publisher([market.url], role, market.passwords[role]) for role in roles
        }
        self._outbox = Outbox(patience=market.patience)
        self._waiting: deque[tuple[Emission, Parcel]] = deque()
        self._progress = progress
        self._open = ExitStack()

    def __enter__(self) -> Self:
        for publisher in self._publishers.values():
            publisher.acquire()
            self._open.callback(publisher.release)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._open.close()

    def publish(self, emissions: Iterable[Emission]) -> None:
        for emission in emissions:
            spec = _spec(emission)
            parcels = self._outbox.put(
                [Message(emission.subject, spec.stream, emission.payload(), emission.headers())]
            )
            self._publishers[spec.publishers[0]].send(parcels)
            self._waiting.extend((emission, parcel) for parcel in parcels)
        self._count()

    def settle(self) -> None:
        self._outbox.wait_empty()
        self._count()

    def _count(self) -> None:
        while self._waiting and self._waiting[0][1].settled:
            self._progress.took(self._waiting.popleft()[0])


def _spec(emission: Emission) -> SubjectSpec:
    return spec_of(type(emission.event))
