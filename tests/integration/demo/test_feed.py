"""The feed against a real server: everything acknowledged, everything in its stream, once."""

import asyncio
import threading
from dataclasses import replace
from datetime import UTC, datetime

import nats
import pytest
from nats.aio.client import Client
from pydantic import SecretStr

from mts1b_operations.events.streams import EVENTS, MARKETDATA
from mts1b_operations.local.market.feed import FeedError, Market, Progress, feed
from mts1b_operations.local.market.scenario import simulate
from mts1b_operations.local.nats import NatsServer
from mts1b_operations.local.ports import free_ports
from mts1b_operations.sources.bootstrap import ensure_streams

pytestmark = pytest.mark.integration

END = datetime(2026, 3, 2, 22, tzinfo=UTC)
EMISSIONS = simulate(seed=3, end=END).emissions[:1500]


def _market(server: NatsServer) -> Market:
    return Market(server.url, {role: SecretStr(word) for role, word in server.passwords.items()})


async def _admin(server: NatsServer) -> Client:
    return await nats.connect(server.url, user="admin", password=server.passwords["admin"])


async def _ensure_streams(server: NatsServer) -> None:
    client = await _admin(server)
    await ensure_streams(client)
    await client.close()


async def _stored(server: NatsServer) -> int:
    client = await _admin(server)
    jetstream = client.jetstream()
    infos = [await jetstream.stream_info(name) for name in (MARKETDATA, EVENTS)]
    await client.close()
    return sum(info.state.messages for info in infos)


@pytest.fixture
def streams(nats_server: NatsServer) -> NatsServer:
    asyncio.run(_ensure_streams(nats_server))
    return nats_server


def _fed(market: Market, stop: threading.Event | None = None, seconds: float = 0.2) -> Progress:
    progress = Progress()
    feed(EMISSIONS, market, seconds, progress, stop or threading.Event())
    return progress


def test_every_event_is_acknowledged_and_stored_once(streams: NatsServer) -> None:
    progress = _fed(_market(streams))
    assert progress.acknowledged == progress.total == len(EMISSIONS)
    assert progress.trades > len(EMISSIONS)
    assert progress.event_time == EMISSIONS[-1].time
    assert asyncio.run(_stored(streams)) == len(EMISSIONS)


def test_feeding_the_same_events_again_stores_nothing_new(streams: NatsServer) -> None:
    _fed(_market(streams))
    assert _fed(_market(streams)).acknowledged == len(EMISSIONS)
    assert asyncio.run(_stored(streams)) == len(EMISSIONS)


def test_a_feed_that_is_stopped_settles_what_it_has_sent(streams: NatsServer) -> None:
    stop = threading.Event()
    threading.Timer(0.3, stop.set).start()
    progress = _fed(_market(streams), stop, seconds=60)
    assert 0 < progress.acknowledged < len(EMISSIONS)
    assert asyncio.run(_stored(streams)) == progress.acknowledged


def test_a_server_that_is_not_there_is_named() -> None:
    (port,) = free_ports(1)
    roles = ("marketdata", "registry", "portfolio", "strategy")
    url = f"nats://127.0.0.1:{port}"
    nowhere = Market(url, {role: SecretStr("x") for role in roles})
    with pytest.raises(FeedError, match=rf"expected a NATS server at .*{port}"):
        _fed(nowhere)


def test_a_wrong_password_ends_the_feed_and_not_in_silence(streams: NatsServer) -> None:
    market = _market(streams)
    swapped = {**market.passwords, "marketdata": market.passwords["prober"]}
    with pytest.raises(FeedError, match="the simulated market cannot publish"):
        _fed(replace(market, passwords=swapped, patience=0.5))
