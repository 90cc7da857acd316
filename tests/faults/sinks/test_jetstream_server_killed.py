"""nats-server dies by SIGKILL while 2,000 alerts are being published."""

import asyncio
import threading
from collections.abc import Callable

import nats
import pytest
from nats.aio.client import Client

from mts1b_operations.events.envelope import Emission
from mts1b_operations.events.roles import inbox_prefix
from mts1b_operations.events.streams import EVENTS
from mts1b_operations.local.nats import NatsServer
from tests.integration.sinks.scene import create_streams, ids_in, sink_of, stored
from tests.unit.sinks.samples import alert
from tests.waiting import until

pytestmark = pytest.mark.fault

EMISSIONS = [alert(number) for number in range(2000)]
BATCH = 50


def kill_in_the_middle(server: NatsServer, publish: Callable[[list[Emission]], None]) -> None:
    """Publish everything in a thread; kill and restart the server when some of it is stored."""
    thread = threading.Thread(target=publish, args=(EMISSIONS,))
    thread.start()
    until(lambda: stored(server, EVENTS) > 100)
    assert stored(server, EVENTS) < len(EMISSIONS)
    server.kill()
    server.restart()
    thread.join(60)
    assert not thread.is_alive()


def test_every_emission_is_in_the_stream_once(nats_server: NatsServer) -> None:
    create_streams(nats_server)
    part = sink_of(nats_server).build_part("out", "0", None)
    snapshots = []

    def publish(emissions: list[Emission]) -> None:
        for start in range(0, len(emissions), BATCH):
            part.write_batch(emissions[start : start + BATCH])
        snapshots.append(part.snapshot())

    kill_in_the_middle(nats_server, publish)
    part.close()
    assert snapshots == [[]]
    assert set(ids_in(nats_server, EVENTS)) == {emission.event_id for emission in EMISSIONS}
    # The server forgets no id within its window, not even by SIGKILL.
    assert stored(nats_server, EVENTS) == len(EMISSIONS)


def test_control_a_sink_that_does_not_await_loses_some(nats_server: NatsServer) -> None:
    create_streams(nats_server)
    kill_in_the_middle(nats_server, FireAndForget(nats_server))
    assert len(set(ids_in(nats_server, EVENTS))) < len(EMISSIONS)


class FireAndForget:
    """Publishes on core NATS and believes that it arrived. Reconnects by itself."""

    def __init__(self, server: NatsServer) -> None:
        self._server = server

    def __call__(self, emissions: list[Emission]) -> None:
        asyncio.run(self._publish(emissions))

    async def _publish(self, emissions: list[Emission]) -> None:
        client = await self._connect()
        for emission in emissions:
            await client.publish(emission.subject, emission.payload(), headers=emission.headers())
        await asyncio.wait_for(self._until_flushed(client), 30)
        await client.close()

    async def _until_flushed(self, client: Client) -> None:
        while True:
            try:
                await client.flush(5)
            except (TimeoutError, OSError, nats.errors.Error):
                await asyncio.sleep(0.05)
            else:
                return

    async def _connect(self) -> Client:
        async def ignore(_: Exception) -> None:
            return

        return await nats.connect(
            self._server.url,
            user="flows",
            password=self._server.passwords["flows"],
            inbox_prefix=inbox_prefix("flows"),
            reconnect_time_wait=0,
            max_reconnect_attempts=-1,
            error_cb=ignore,
        )
