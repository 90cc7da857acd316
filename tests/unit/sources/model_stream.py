"""A stream and a filtered consumer without a server, for a real partition to read.

What a server does that matters: messages that were sent stay under way when the stream is purged,
answers and deliveries interleave, and a consumer hears of a message only some time after it was
stored, so that "nothing is waiting" may be wrong about what was stored last.
"""

from dataclasses import dataclass, field

from pydantic import SecretStr

from mts1b_operations.events.envelope import LostRange
from mts1b_operations.sources.connection import ConnectionLostError, Credentials
from mts1b_operations.sources.consumer import (
    Arrivals,
    Consumer,
    Delivery,
    Subscription,
    Survey,
)
from mts1b_operations.sources.jetstream import JetStreamPartition, Opening
from mts1b_operations.sources.position import Place, Position, StreamState, resume

NOWHERE = Credentials("nats://nowhere", "flows", SecretStr(""))
SUBSCRIPTION = Subscription("S", ("mine",))


@dataclass
class ModelStream:
    """Sequences from 1 on; those in `mine` match the filter."""

    first: int = 1
    last: int = 0
    mine: list[int] = field(default_factory=list)
    told: int = 0

    def publish(self, *, mine: bool) -> None:
        self.last += 1
        if mine:
            self.mine.append(self.last)

    def purge(self, below: int) -> None:
        self.first = max(self.first, min(below, self.last + 1))

    def state(self) -> StreamState:
        return StreamState("then", self.first, self.last)

    def held(self, start: int) -> list[int]:
        return [one for one in self.mine if one >= max(start, self.first)]


class ModelConsumer(Consumer):
    """Sends when the test says so; `read` gives what the test has put on its way."""

    def __init__(self, stream: ModelStream, start: int) -> None:
        self.stream = stream
        self.next = start
        self.under_way: list[int] = []
        self.ready = Arrivals()
        self.asked: StreamState | None = None
        self.broken = False

    def send(self, count: int) -> None:
        sent = self.stream.held(self.next)[:count]
        self.under_way += sent
        self.next = sent[-1] + 1 if sent else self.next

    def take(self, count: int) -> None:
        arrived, self.under_way = self.under_way[:count], self.under_way[count:]
        self.ready.deliveries += [Delivery("mine", b"", Place(one, one), b"") for one in arrived]

    def ask(self) -> None:
        self.asked = self.stream.state()

    def answer(self) -> None:
        if self.asked is None:
            return
        settled = not self.under_way
        waiting = [one for one in self.stream.held(self.next) if one <= self.stream.told]
        self.ready.survey = Survey(self.asked, settled, settled and not waiting)
        self.stream.told, self.asked = self.asked.last_sequence, None

    def read(self) -> Arrivals:
        if self.broken:
            raise ConnectionLostError("broken by the test")
        arrivals, self.ready = self.ready, Arrivals()
        return arrivals

    def close(self) -> None:
        self.under_way = []


class ModelPartition(JetStreamPartition):
    """A real partition that opens its consumer on a model, at once."""

    def __init__(self, stream: ModelStream, snapshot: bytes | None) -> None:
        self.stream = stream
        self.model = ModelConsumer(stream, 1)
        super().__init__(NOWHERE, SUBSCRIPTION, "p", snapshot)

    def _reopen(self) -> Opening:
        opening = Opening(NOWHERE, SUBSCRIPTION, self._position, 0.0)
        opening.position, opening.lost = resume(self._position, self.stream.state())
        opening.consumer = self.model = ModelConsumer(self.stream, opening.position.next_sequence)
        opening.done.set()
        return opening

    @property
    def unread_from(self) -> int:
        """Give the lowest sequence whose loss would still be noticed."""
        marked = Position.from_bytes(self.snapshot())
        return min(marked.next_sequence, marked.unproven_from or marked.next_sequence)


@dataclass
class ModelReader:
    """Reads a model; what it has read and heard goes back with the snapshot in a crash."""

    stream: ModelStream
    read: list[int] = field(default_factory=list)
    lost: list[LostRange] = field(default_factory=list)
    saved: tuple[bytes | None, list[int], list[LostRange]] = (None, [], [])

    def __post_init__(self) -> None:
        self.partition = ModelPartition(self.stream, None)
        self.poll()

    def poll(self) -> None:
        for _, batch in self.partition.next_batch():
            self.read += batch.sequences
            self.lost += [batch.lost] if batch.lost is not None else []

    def step(self, name: str, count: int) -> None:
        consumer = self.partition.model
        match name:
            case "send":
                consumer.send(count)
            case "take":
                consumer.take(count)
            case "ask":
                consumer.ask()
            case "answer":
                consumer.answer()
            case "disconnect":
                consumer.broken = True
                self.poll()
            case "save":
                self.saved = (self.partition.snapshot(), list(self.read), list(self.lost))
            case "crash":
                snapshot, read, lost = self.saved
                self.read, self.lost = list(read), list(lost)
                self.partition = ModelPartition(self.stream, snapshot)
        self.poll()

    def finish(self) -> None:
        """Read all that is left, and ask until every jump has been held against the stream."""
        for _ in range(3):
            for name in ("send", "take", "ask", "answer"):
                self.step(name, 1000)
