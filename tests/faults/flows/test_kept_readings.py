"""A reading that the stream has acknowledged is still there after the server was killed."""

import asyncio
import threading
from dataclasses import replace
from functools import partial

import nats
import pytest
from pydantic import SecretStr

from mts1b_operations.events.roles import ADMIN
from mts1b_operations.events.streams import READINGS, STREAMS
from mts1b_operations.local.nats import NatsServer
from mts1b_operations.sinks.delivery.outbox import Message
from mts1b_operations.sinks.delivery.shipping import Shipping
from mts1b_operations.sources.bootstrap import stream_config
from tests.waiting import until

pytestmark = pytest.mark.fault

COUNT = 40_000
KILLS = 5
ROUNDS = 5
SUBJECT = "mts.v1.operations.reading.vpin"


async def make_stream(server: NatsServer, *, asynchronous: bool) -> None:
    spec = next(one for one in STREAMS if one.name == READINGS)
    client = await nats.connect(server.url, user=ADMIN, password=server.passwords[ADMIN])
    config = stream_config(replace(spec, asynchronous=asynchronous or spec.asynchronous))
    await client.jetstream().add_stream(config)
    await client.close()


async def stored(server: NatsServer) -> int:
    client = await nats.connect(server.url, user=ADMIN, password=server.passwords[ADMIN])
    info = await client.jetstream().stream_info(READINGS)
    await client.close()
    return info.state.messages


def holds_more_than(server: NatsServer, count: int) -> bool:
    return asyncio.run(stored(server)) > count


def publish_through_kills(server: NatsServer, run: str) -> int:
    """Publish with acknowledgements, kill the server meanwhile; give what it holds at the end."""

    def publish() -> None:
        with Shipping([server.url], ADMIN, SecretStr(server.passwords[ADMIN])) as shipping:
            for number in range(COUNT):
                headers = {"Nats-Msg-Id": f"{run}-{number}"}
                shipping.put(Message(SUBJECT, READINGS, b"{}", headers))

    before = asyncio.run(stored(server))
    publishing = threading.Thread(target=publish)
    publishing.start()
    for kill in range(1, KILLS + 1):
        share = before + COUNT * kill // (KILLS + 1)
        until(partial(holds_more_than, server, share))
        assert publishing.is_alive(), "expected to kill the server in the middle"
        server.kill()
        server.start()
    publishing.join(timeout=60)
    return asyncio.run(stored(server))


def test_acknowledged_readings_survive(nats_server: NatsServer) -> None:
    asyncio.run(make_stream(nats_server, asynchronous=False))
    assert publish_through_kills(nats_server, "only") == COUNT


def test_control_a_stream_that_persists_asynchronously_forgets(nats_server: NatsServer) -> None:
    """A kill forgets what lies unwritten at its moment, which one round of kills may just miss."""
    asyncio.run(make_stream(nats_server, asynchronous=True))
    held = (publish_through_kills(nats_server, f"round{number}") for number in range(ROUNDS))
    assert any(total < COUNT * number for number, total in enumerate(held, start=1))
