"""Kill what can be killed while the market flow runs: it says what an undisturbed one says."""

import asyncio
import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import nats
import pytest

from mts1b_operations.events.streams import EVENTS, MARKETDATA, READINGS
from mts1b_operations.local.nats import NatsServer
from tests.flow_processes import (
    FlowProcess,
    Tail,
    backtested,
    by_id,
    flow_process,
    make_streams,
    publish,
)
from tests.trades import SETTINGS, trade_lines, write_lines
from tests.waiting import until

pytestmark = pytest.mark.fault

Said = dict[str, dict[str, dict[str, object]]]

TRADES = 60_000
READING = "mts.v1.operations.reading.*"
ALERT = "mts.v1.operations.alert.*"


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("settings") / "settings.json"
    path.write_text(json.dumps(SETTINGS))
    return path


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory, settings: Path) -> Said:
    """What an undisturbed run says, from files alone."""
    folder = tmp_path_factory.mktemp("expected")
    file = write_lines(folder / "trades.jsonl", trade_lines(TRADES))
    return backtested([file], settings, folder / "out")


@pytest.fixture
def server(nats_server: NatsServer) -> NatsServer:
    asyncio.run(make_streams(nats_server))
    publish(nats_server, trade_lines(TRADES))
    return nats_server


@pytest.fixture
def readings(server: NatsServer) -> Iterator[Tail]:
    tail = Tail(server, READINGS, READING)
    yield tail
    tail.close()


@pytest.fixture
def alerts(server: NatsServer) -> Iterator[Tail]:
    tail = Tail(server, EVENTS, ALERT)
    yield tail
    tail.close()


def without_stream(said: dict[str, dict[str, object]]) -> dict[str, dict[str, object]]:
    """Leave out the place of the evidence: a file's line numbers are not a stream's sequences."""
    return {key: {**one, "evidence": None} for key, one in said.items()}


def test_flow_killed_thrice_says_what_an_undisturbed_one_says(
    server: NatsServer,
    settings: Path,
    tmp_path: Path,
    readings: Tail,
    alerts: Tail,
    expected: Said,
) -> None:
    wanted = expected["readings"]
    flow = FlowProcess(server, tmp_path, settings)
    for share in (0.1, 0.3, 0.6):
        flow.start()
        readings.until(int(share * len(wanted)), flow=flow)
        assert len(readings.emissions) < len(wanted), "expected to kill in mid-stream"
        flow.kill()
    with flow_process(flow):
        found = readings.until(len(wanted))
        wanted_alerts = without_stream(expected["alerts"])
        found_alerts = alerts.until(len(wanted_alerts))
    assert by_id(found) == wanted
    assert without_stream(by_id(found_alerts)) == wanted_alerts
    assert len(found) == len(wanted), "expected the stream to have dropped every repeat"


def interrupt(flow: FlowProcess, server: NatsServer, readings: Tail, enough: int) -> None:
    """Freeze the server in mid-stream, let epochs pass, then kill both and start both again."""
    flow.start()
    readings.until(enough)
    os.kill(server.pid, signal.SIGSTOP)
    # Two epochs' time: enough for an engine that does not wait to call its output done.
    with pytest.raises(AssertionError):
        until(lambda: flow.running.poll() is not None, deadline=1.5)
    flow.kill()
    server.kill()
    server.start()


def test_server_and_flow_killed_together_lose_nothing(
    server: NatsServer,
    settings: Path,
    tmp_path: Path,
    readings: Tail,
    expected: Said,
) -> None:
    wanted = expected["readings"]
    flow = FlowProcess(server, tmp_path, settings)
    interrupt(flow, server, readings, len(wanted) // 10)
    with flow_process(flow):
        assert by_id(readings.until(len(wanted))) == wanted


def test_control_a_sink_that_does_not_wait_loses_readings(
    server: NatsServer,
    settings: Path,
    tmp_path: Path,
    readings: Tail,
    expected: Said,
) -> None:
    wanted = expected["readings"]
    module = "tests.faults.flows.fire_and_forget"
    flow = FlowProcess(server, tmp_path, settings, module=module)
    interrupt(flow, server, readings, len(wanted) // 10)
    with flow_process(flow), pytest.raises(AssertionError):
        readings.until(len(wanted), deadline=15)


def test_control_without_its_recovery_store_a_flow_contradicts_itself(
    server: NatsServer,
    settings: Path,
    tmp_path: Path,
    readings: Tail,
    expected: Said,
) -> None:
    """State and position travel together: without the store, a trimmed stream tells too little."""
    wanted = expected["readings"]
    flow = FlowProcess(server, tmp_path / "first", settings)
    flow.start()
    readings.until(len(wanted) // 3)
    flow.kill()
    asyncio.run(trim(server, TRADES // 4))
    with flow_process(FlowProcess(server, tmp_path / "second", settings)):
        readings.until(len(wanted) // 2)
        found = by_id(readings.emissions)
    assert any(one not in wanted for one in found)


async def trim(server: NatsServer, below: int) -> None:
    """Do what retention does."""
    client = await nats.connect(server.url, user="admin", password=server.passwords["admin"])
    await client.jetstream().purge_stream(MARKETDATA, seq=below)
    await client.close()


def test_server_killed_thrice_under_a_running_flow_loses_and_doubles_nothing(
    nats_server: NatsServer,
    settings: Path,
    tmp_path: Path,
    expected: Said,
) -> None:
    asyncio.run(make_streams(nats_server))
    tail = Tail(nats_server, READINGS, READING)
    wanted = expected["readings"]
    lines = list(trade_lines(TRADES))
    third = TRADES // 3
    with flow_process(FlowProcess(nats_server, tmp_path, settings)) as flow:
        for part in range(3):
            publish(nats_server, lines[part * third : (part + 1) * third], run=f"part{part}")
            tail.until(max(1, int(len(wanted) * (part + 0.5) / 3)))
            nats_server.kill()
            nats_server.start()
        tail.until(len(wanted))
        assert flow.running.poll() is None, "expected the flow to outlive its server"
    tail.close()
    # Read again: what a server had acknowledged and then forgot, the first reader has seen.
    again = Tail(nats_server, READINGS, READING)
    found = again.until(len(wanted), deadline=20)
    again.close()
    assert by_id(found) == wanted
    assert len(found) == len(wanted)
