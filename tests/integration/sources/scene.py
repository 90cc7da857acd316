"""A NATS server with the four streams, what a test does to them, and a reader of one partition."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

import nats
from nats.js import JetStreamContext
from nats.js.api import StreamInfo
from pydantic import SecretStr

from mts1b_operations.events.envelope import LostRange
from mts1b_operations.events.roles import ADMIN, inbox_prefix
from mts1b_operations.events.streams import EVENTS, MARKETDATA, STREAMS, partition_of
from mts1b_operations.local.nats import NatsServer
from mts1b_operations.sources.bootstrap import ensure_streams, stream_config
from mts1b_operations.sources.connection import Connection, Credentials
from mts1b_operations.sources.consumer import Subscription
from mts1b_operations.sources.framing import Frame
from mts1b_operations.sources.jetstream import JetStreamPartition
from tests.waiting import until

T = TypeVar("T")

_CHUNK = 5000

NAV = "mts.v1.portfolio.nav.alpha"
"""A subject of MTS_EVENTS that `nav_reader` reads."""

BESIDE = "mts.v1.news.item.IBM"
"""A subject of MTS_EVENTS that `nav_reader` does not read."""

TRADE = "mts.v1.marketdata.trade.IBM"

ELSEWHERE = "mts.v1.marketdata.trade.AAPL"
"""A subject of MTS_MARKETDATA in another partition."""


def login(server: NatsServer, role: str = "flows") -> Credentials:
    return Credentials(server.url, role, SecretStr(server.passwords[role]))


def as_admin(server: NatsServer, deed: Callable[[JetStreamContext], Awaitable[T]]) -> T:
    async def run() -> T:
        client = await nats.connect(
            server.url,
            user=ADMIN,
            password=server.passwords[ADMIN],
            inbox_prefix=inbox_prefix(ADMIN),
            allow_reconnect=False,
            connect_timeout=5,
        )
        try:
            return await deed(client.jetstream(timeout=5))
        finally:
            await client.close()

    return asyncio.run(run())


def create_streams(server: NatsServer) -> None:
    as_admin(server, lambda jetstream: ensure_streams(jetstream._nc))


def info_of(server: NatsServer, stream: str) -> StreamInfo:
    return as_admin(server, lambda jetstream: jetstream.stream_info(stream))


def last_sequence(server: NatsServer, stream: str) -> int:
    return info_of(server, stream).state.last_seq


def purge(server: NatsServer, stream: str, below: int | None = None) -> None:
    """Remove what is below a sequence, or everything."""
    as_admin(server, lambda jetstream: jetstream.purge_stream(stream, seq=below))


def delete(server: NatsServer, stream: str) -> None:
    as_admin(server, lambda jetstream: jetstream.delete_stream(stream))


def create(server: NatsServer, stream: str) -> None:
    config = next(stream_config(spec) for spec in STREAMS if spec.name == stream)
    as_admin(server, lambda jetstream: jetstream.add_stream(config))


def limit(server: NatsServer, stream: str, max_msgs: int) -> None:
    async def update(jetstream: JetStreamContext) -> None:
        config = (await jetstream.stream_info(stream)).config
        await jetstream.update_stream(config.evolve(max_msgs=max_msgs))

    as_admin(server, update)


def store(server: NatsServer, subject: str, payloads: Iterable[bytes]) -> None:
    """Publish, and return when the stream holds it all."""
    connection = Connection.open(login(server, ADMIN), "bulk", 5.0)
    try:
        send_all(connection, subject, list(payloads))
    finally:
        connection.close()


def send_all(connection: Connection, subject: str, payloads: list[bytes]) -> None:
    """Publish in chunks that a stream can buffer; the last of each asks for an acknowledgement.

    A server drops what comes without acknowledgement faster than its streams can store it.
    """
    for start in range(0, len(payloads), _CHUNK):
        *ahead, last = payloads[start : start + _CHUNK]
        connection._link.settimeout(30.0)
        head = f"PUB {subject} ".encode()
        lines = [b"%b%d\r\n%b\r\n" % (head, len(one), one) for one in ahead]
        connection._link.sendall(b"".join(lines))
        connection.publish(subject, last, "stored")
        reply = f"{connection.inbox}.stored"
        connection.first(partial(_is_on, reply), "an acknowledgement", time.monotonic() + 30)


def _is_on(subject: str, frame: Frame) -> bool:
    return frame.subject == subject


def numbers(start: int, stop: int) -> list[bytes]:
    return [str(number).encode() for number in range(start, stop)]


@dataclass
class Reader:
    """Polls one partition as the engine would, and keeps what comes out of it."""

    partition: JetStreamPartition
    payloads: list[bytes] = field(default_factory=list)
    sequences: list[int] = field(default_factory=list)
    subjects: list[str] = field(default_factory=list)
    lost: list[LostRange] = field(default_factory=list)

    def poll(self) -> None:
        while items := self.partition.next_batch():
            for _, batch in items:
                self.payloads += batch.payloads
                self.sequences += batch.sequences
                self.subjects += batch.subjects
                self.lost += [batch.lost] if batch.lost is not None else []

    def read(self, count: int, deadline: float = 15.0) -> None:
        """Read until `count` messages have come in all."""
        self.read_until(lambda: len(self.payloads) >= count, deadline)

    def read_until(self, condition: Callable[[], object], deadline: float = 15.0) -> None:
        def holds() -> object:
            self.poll()
            return condition()

        until(holds, deadline)

    @property
    def next_sequence(self) -> int:
        position = self.partition._position
        return position.next_sequence if position is not None else 0

    def stop(self) -> bytes:
        """Give the snapshot and hang up."""
        snapshot = self.partition.snapshot()
        self.partition.close()
        return snapshot


def nav_reader(server: NatsServer, snapshot: bytes | None = None) -> Reader:
    """Read every NAV of MTS_EVENTS, and nothing else of it."""
    subscription = Subscription(EVENTS, ("mts.v1.portfolio.nav.*",))
    return Reader(JetStreamPartition(login(server), subscription, "events", snapshot))


def trade_reader(server: NatsServer, symbol: str = "IBM", snapshot: bytes | None = None) -> Reader:
    """Read the partition of MTS_MARKETDATA that holds `symbol`."""
    partition = str(partition_of(symbol))
    subscription = Subscription(MARKETDATA, (f"mts.v1.marketdata.*.{partition}.*",))
    return Reader(JetStreamPartition(login(server), subscription, partition, snapshot))
