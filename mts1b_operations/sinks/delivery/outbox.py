"""What one sink partition has handed over and no stream has acknowledged yet."""

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import count
from time import monotonic

_numbers = count()


class DeliveryError(RuntimeError):
    """Messages that could not be delivered. The process must die and resume from its snapshot."""


@dataclass(frozen=True, slots=True)
class Message:
    """One NATS message, and the stream that has to acknowledge it."""

    subject: str
    stream: str
    payload: bytes
    headers: dict[str, str]


@dataclass(slots=True, eq=False)
class Parcel:
    """A message on its way. `number` orders parcels, and names the reply to each."""

    message: Message
    outbox: "Outbox"
    number: int = field(default_factory=_numbers.__next__)
    settled: bool = False


class Outbox:
    """Thread-safe account of parcels: the dataflow puts and waits, the publisher settles.

    Each stream has a window of its own, so that a slow or full stream never stands before
    another. A stream that says it is full makes its parcels *held*: the publisher goes on trying,
    but nobody waits for them; they belong into the snapshot. `window` bounds the parcels under
    way per stream, `carry` the held ones per stream, `patience` (seconds) every wait.
    """

    def __init__(self, patience: float = 60.0, window: int = 512, carry: int = 10_000) -> None:
        self._patience = patience
        self._window = window
        self._carry = carry
        self._changed = threading.Condition()
        self._flying: dict[Parcel, None] = {}
        self._held: dict[Parcel, None] = {}
        self._flying_of: Counter[str] = Counter()
        self._held_of: Counter[str] = Counter()
        self._trouble: dict[str, str] = {}
        self._failure: DeliveryError | None = None

    def put(self, messages: Sequence[Message]) -> list[Parcel]:
        """Take as many of `messages`, all of one stream, as it has room for: at least one.

        Raises DeliveryError when delivery has failed, or no room came within the patience.
        """
        stream = messages[0].stream
        with self._changed:
            self._wait_until(lambda: self._room(stream) > 0)
            parcels = [Parcel(message, self) for message in messages[: self._room(stream)]]
            self._flying.update(dict.fromkeys(parcels))
            self._flying_of[stream] += len(parcels)
            return parcels

    def settle(self, parcel: Parcel) -> None:
        """Note that the stream has stored `parcel`. A second acknowledgement changes nothing."""
        with self._changed:
            if parcel.settled:
                return
            parcel.settled = True
            stream = parcel.message.stream
            self._remove(parcel)
            self._trouble.pop(stream, None)
            self._changed.notify_all()

    def delay(self, parcel: Parcel, reason: str, *, full: bool) -> None:
        """Note why `parcel` has to be sent again; `full` holds it."""
        with self._changed:
            stream = parcel.message.stream
            self._trouble[stream] = reason
            if full and parcel in self._flying:
                self._remove(parcel)
                self._held[parcel] = None
                self._held_of[stream] += 1
                self._changed.notify_all()

    def fail(self, error: DeliveryError) -> None:
        """Give up: every present and later wait raises `error`. The first error stays."""
        with self._changed:
            self._failure = self._failure or error
            self._changed.notify_all()

    def wait_acknowledged(self) -> list[Message]:
        """Wait until every parcel is acknowledged or held, and give the held ones in order.

        Raises DeliveryError when delivery has failed or takes longer than the patience.
        """
        with self._changed:
            self._wait_until(lambda: not self._flying)
            return [parcel.message for parcel in self._held]

    def wait_empty(self) -> None:
        """Wait until every parcel is acknowledged, the held ones too; raises DeliveryError."""
        with self._changed:
            self._wait_until(lambda: not self._flying and not self._held)

    @property
    def failed(self) -> bool:
        """Tell whether delivery has been given up."""
        return self._failure is not None

    def _remove(self, parcel: Parcel) -> None:
        parcels, counts = (
            (self._held, self._held_of) if parcel in self._held else (self._flying, self._flying_of)
        )
        parcels.pop(parcel)
        counts[parcel.message.stream] -= 1

    def _room(self, stream: str) -> int:
        return min(
            self._window - self._flying_of[stream],
            self._carry - self._held_of[stream],
        )

    def _wait_until(self, ready: Callable[[], bool]) -> None:
        deadline = monotonic() + self._patience
        while self._failure is None and not ready():
            left = deadline - monotonic()
            if left <= 0:
                self._failure = self._out_of_patience()
                break
            self._changed.wait(left)
        if self._failure is not None:
            # A fresh object: raising one exception twice would chain tracebacks without end.
            raise type(self._failure)(*self._failure.args)

    def _out_of_patience(self) -> DeliveryError:
        counts = self._flying_of + self._held_of
        found = ", ".join(
            f"{number} to {stream} ({self._trouble.get(stream, 'no answer')})"
            for stream, number in sorted(counts.items())
        )
        return DeliveryError(
            f"expected every message acknowledged within {self._patience:g} s, found waiting: "
            f"{found}; check nats-server and the streams, then restart: the snapshot has them all"
        )
