"""What tests of the audit writer share: events to publish, the writer to run, the chain to read."""

import asyncio
import os
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Self

import nats
import psycopg
from nats.aio.client import Client
from nats.errors import Error as NatsError
from pydantic import SecretStr

from mts1b_operations.audit.archive import open_archive
from mts1b_operations.audit.failures import LedgerError
from mts1b_operations.audit.verifier import Progress
from mts1b_operations.local.nats import NatsServer
from mts1b_operations.sources.bootstrap import ensure_streams

_RETRY_S = 0.1


@dataclass(frozen=True, slots=True)
class Event:
    """One event of the test: its id, and whether it is an order or a halt."""

    event_id: str
    halt: bool = False

    @property
    def subject(self) -> str:
        return "mts.v1.operations.command.cancel_all" if self.halt else "mts.v1.oms.order.s1"

    @property
    def payload(self) -> bytes:
        return b'{"order_id":"%b"}' % self.event_id.encode()

    def headers(self, sending: int = 0) -> dict[str, str]:
        message_id = f"{self.event_id}/{sending}"
        return {"ce-id": self.event_id, "ce-source": "test", "Nats-Msg-Id": message_id}


@asynccontextmanager
async def admin_client(server: NatsServer) -> AsyncIterator[Client]:
    """A connection that may do everything, on a server with the streams of the design."""
    client = await nats.connect(
        server.url,
        user="admin",
        password=server.passwords["admin"],
        max_reconnect_attempts=-1,
        reconnect_time_wait=0.05,
        error_cb=_ignore,
    )
    try:
        await ensure_streams(client)
        yield client
    finally:
        await client.close()


async def _ignore(_: Exception) -> None:
    """Errors of the connection show in the calls that need it."""


async def publish(client: Client, events: Iterable[Event], sending: int = 0) -> None:
    """Publish every event until it is acknowledged, however often the server goes away."""
    jetstream = client.jetstream()
    for event in events:
        while True:
            try:
                await jetstream.publish(
                    event.subject, event.payload, timeout=1, headers=event.headers(sending)
                )
                break
            except (NatsError, TimeoutError):
                await asyncio.sleep(_RETRY_S)


_IN_FLIGHT = 10


class Load:
    """Publishes events from a thread while the block runs, some of them twice under the same id.

    However fast the machine, what happens in the block happens under load.
    """

    def __init__(self, server: NatsServer, event_of: Callable[[int], Event]) -> None:
        self._server = server
        self._event_of = event_of
        self._ended = threading.Event()
        self.published: list[Event] = []
        self._thread = threading.Thread(target=lambda: asyncio.run(self._publish()), name="load")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ended.set()
        self._thread.join(timeout=100)
        if not error:
            assert not self._thread.is_alive(), "the load did not end"
            assert self.published, "the load never began"

    @property
    def running(self) -> bool:
        return self._thread.is_alive()

    async def _publish(self) -> None:
        async with admin_client(self._server) as client:
            for start in count(0, _IN_FLIGHT):
                if self._ended.is_set():
                    return
                some = [self._event_of(start + number) for number in range(_IN_FLIGHT)]
                await asyncio.gather(*(publish(client, [event]) for event in some))
                await publish(client, some[:: _IN_FLIGHT // 2], sending=1)
                self.published += some


def writer_environment(server: NatsServer, dsn: str) -> dict[str, str]:
    """Give the environment of an audit writer."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MTS_")}
    return {
        **kept,
        "MTS_NATS_URL": server.url,
        "MTS_NATS_USER": "audit",
        "MTS_NATS_PASSWORD": server.passwords["audit"],
        "MTS_POSTGRES_DSN": dsn,
    }


class WriterProcess:
    """A real audit writer, and what it wrote to stderr."""

    def __init__(self, environment: Mapping[str, str], log: Path, module: str) -> None:
        self._log = log
        with log.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", module], env=dict(environment), stderr=output
            )

    def log(self) -> str:
        return self._log.read_text(encoding="utf-8")

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(timeout=10)

    def stop(self) -> int:
        self.process.terminate()
        return self.process.wait(timeout=30)


@contextmanager
def running_writer(
    environment: Mapping[str, str],
    log: Path,
    module: str = "mts1b_operations.workers.audit_writer",
) -> Iterator[WriterProcess]:
    """Run a writer for the block; it is killed at the end if it still runs."""
    writer = WriterProcess(environment, log, module)
    try:
        yield writer
    finally:
        if writer.process.poll() is None:
            writer.kill()


def audited_ids(dsn: str) -> list[str]:
    """Give the ids of the test's events in the order of the chain, as often as they are there."""
    query = (
        "SELECT data ->> 'order_id' FROM audit_log WHERE data ->> 'order_id' IS NOT NULL "
        "ORDER BY sequence"
    )
    try:
        with psycopg.connect(dsn, connect_timeout=5) as connection:
            return [row[0] for row in connection.execute(query).fetchall()]
    except (psycopg.OperationalError, psycopg.errors.UndefinedTable):
        return []


def verdict(dsn: str) -> Progress | None:
    """Verify the whole chain; None while it cannot be read."""
    try:
        with open_archive(SecretStr(dsn)) as archive:
            return list(archive.verify(0))[-1]
    except LedgerError:
        return None
