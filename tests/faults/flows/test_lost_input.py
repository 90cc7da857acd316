"""What a stream can no longer give is a gap that everybody hears of, never silence."""

import asyncio
import json
from pathlib import Path

import nats
import pytest

from mts1b_operations.events.contracts.alerts import Reading
from mts1b_operations.events.contracts.audit import Gap
from mts1b_operations.events.streams import EVENTS, MARKETDATA, READINGS, partition_of
from mts1b_operations.local.nats import NatsServer
from tests.flow_processes import FlowProcess, Tail, flow_process, make_streams, publish, shards_kept
from tests.trades import SETTINGS, SYMBOLS, trade_lines
from tests.waiting import until

pytestmark = pytest.mark.fault

TRADES = 9_000


@pytest.fixture
def stopped_flow(nats_server: NatsServer, tmp_path: Path) -> FlowProcess:
    """A flow that has read everything and was then killed."""
    settings = tmp_path / "settings.json"
    settings.write_text(json.dumps(SETTINGS))
    asyncio.run(make_streams(nats_server))
    publish(nats_server, trade_lines(TRADES), run="before")
    flow = FlowProcess(nats_server, tmp_path, settings)
    with flow_process(flow):
        readings = Tail(nats_server, READINGS, "mts.v1.operations.reading.*")
        readings.until(TRADES * 100 // 2000 - 2 * len(SYMBOLS), flow=flow)
        readings.close()
        shards = {partition_of(symbol) for symbol in SYMBOLS}
        until(lambda: shards_kept(tmp_path) == len(shards))
        flow.kill()
    return flow


async def purge(server: NatsServer) -> None:
    client = await nats.connect(server.url, user="admin", password=server.passwords["admin"])
    await client.jetstream().purge_stream(MARKETDATA)
    await client.close()


async def recreate(server: NatsServer) -> None:
    client = await nats.connect(server.url, user="admin", password=server.passwords["admin"])
    await client.jetstream().delete_stream(MARKETDATA)
    await client.close()
    await make_streams(server)


def gaps_and_readings(flow: FlowProcess, expected_gaps: int) -> tuple[list[Gap], list[Reading]]:
    """Start again, feed the same amount, and give the gaps and the readings since."""
    readings = Tail(flow.server, READINGS, "mts.v1.operations.reading.*")
    known = len(readings.until(1))
    gaps = Tail(flow.server, EVENTS, "mts.v1.operations.gap.*")
    with flow_process(flow):
        gaps.until(expected_gaps, flow=flow)
        publish(flow.server, trade_lines(TRADES, seed=8, first=2 * TRADES), run="after")
        readings.until(known + TRADES * 100 // 2000 // 2, flow=flow)
    said = [one.event for one in gaps.read()]
    later = [one.event for one in readings.emissions]
    gaps.close()
    readings.close()
    return (
        [gap for gap in said if isinstance(gap, Gap)],
        [one for one in later if isinstance(one, Reading)],
    )


def test_stream_recreated_while_the_flow_was_down(stopped_flow: FlowProcess) -> None:
    asyncio.run(recreate(stopped_flow.server))
    gaps, readings = gaps_and_readings(stopped_flow, expected_gaps=8)
    assert {gap.partition for gap in gaps} == {str(number) for number in range(8)}
    assert all("created again" in gap.reason for gap in gaps)
    first = {one.key: one for one in reversed(readings) if one.detail["bucket"] == 0}
    assert all(one.state == "unknown" for one in first.values())


def test_messages_purged_while_the_flow_was_down(stopped_flow: FlowProcess) -> None:
    publish(stopped_flow.server, trade_lines(TRADES, seed=9, first=TRADES), run="unread")
    asyncio.run(purge(stopped_flow.server))
    gaps, readings = gaps_and_readings(stopped_flow, expected_gaps=8)
    assert all("purged" in gap.reason for gap in gaps)
    assert all(gap.found_sequence > gap.expected_sequence for gap in gaps)
    assert any(one.state == "unknown" and one.detail["bucket"] > 10 for one in readings), (
        "expected the keys to have gone back to unknown"
    )


def test_control_nothing_lost_no_gap(stopped_flow: FlowProcess) -> None:
    gaps, readings = gaps_and_readings(stopped_flow, expected_gaps=0)
    assert gaps == []
    assert not any(one.state == "unknown" and one.detail["bucket"] > 10 for one in readings)
