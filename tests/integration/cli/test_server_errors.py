"""Servers that are down, refuse us or are set up otherwise: one clear line, and no secret in it."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import nats
import pytest

from mts1b_operations.events.streams import EVENTS, HALTS
from mts1b_operations.local.nats import NatsServer
from mts1b_operations.local.ports import free_ports
from tests.flow_processes import make_streams
from tests.integration.cli.command import line_of, mts, naming
from tests.trades import trade_lines, write_lines

pytestmark = pytest.mark.integration


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    return write_lines(tmp_path / "trades.jsonl", trade_lines(10))


@pytest.fixture
def nowhere() -> dict[str, str]:
    port, monitor_port = free_ports(2)
    return {
        "MTS_NATS_URL": f"nats://127.0.0.1:{port}",
        "MTS_NATS_MONITOR_URL": f"http://127.0.0.1:{monitor_port}",
        "MTS_NATS_PASSWORD": "hush-hush",
    }


def commands(folder: Path) -> Iterator[tuple[str, ...]]:
    """Give every command that needs a server."""
    yield ("run", "market", "--data-dir", str(folder / "data"))
    yield ("replay", str(folder / "trades.jsonl"))
    yield ("streams",)


@pytest.mark.usefixtures("recording")
def test_nats_is_down(tmp_path: Path, nowhere: dict[str, str]) -> None:
    for command in commands(tmp_path):
        line = line_of(mts(*command, **nowhere))
        assert "127.0.0.1" in line
        assert "hush-hush" not in line


def test_only_the_monitoring_answers(nats_server: NatsServer, nowhere: dict[str, str]) -> None:
    monitor = {"MTS_NATS_MONITOR_URL": nats_server.monitor_url}
    assert nowhere["MTS_NATS_URL"] in line_of(mts("streams", **{**nowhere, **monitor}))


@pytest.mark.usefixtures("recording")
def test_the_password_is_wrong(nats_server: NatsServer, tmp_path: Path) -> None:
    asyncio.run(make_streams(nats_server))
    wrong = {**naming(nats_server), "MTS_NATS_PASSWORD": "hush-hush"}
    for command in commands(tmp_path):
        line = line_of(mts(*command, **wrong))
        assert "admin" in line
        assert "hush-hush" not in line


def test_the_streams_are_missing(nats_server: NatsServer, tmp_path: Path) -> None:
    command = ("run", "market", "--data-dir", tmp_path / "data")
    line = line_of(mts(*command, **naming(nats_server, "flows")))
    assert "expected a stream MTS_MARKETDATA, found none" in line
    assert "mts1b-operations streams" in line


async def keep_halts_for_a_day(server: NatsServer) -> None:
    client = await nats.connect(server.url, user="admin", password=server.passwords["admin"])
    jetstream = client.jetstream()
    config = (await jetstream.stream_info(HALTS)).config
    config.max_age = 86_400
    await jetstream.update_stream(config)
    await client.close()


def test_a_stream_is_not_as_designed(nats_server: NatsServer, tmp_path: Path) -> None:
    asyncio.run(make_streams(nats_server))
    asyncio.run(keep_halts_for_a_day(nats_server))
    command = ("run", "market", "--data-dir", tmp_path / "data")
    line = line_of(mts(*command, **naming(nats_server, "flows")))
    assert "stream MTS_HALTS differs" in line
    assert "max_age: expected 'no limit', found 86400" in line


def test_streams_are_made_and_found_again(nats_server: NatsServer) -> None:
    for _ in range(2):
        done = mts("streams", **naming(nats_server))
        assert done.returncode == 0, done.stderr
        assert EVENTS in done.stdout


def test_a_recovery_store_of_another_shape(nats_server: NatsServer, tmp_path: Path) -> None:
    asyncio.run(make_streams(nats_server))
    store = tmp_path / "recovery" / "market"
    store.mkdir(parents=True)
    manifest = {
        "flow": "market",
        "flow_version": 1,
        "partitions": 4,
        "recovery_partitions": 4,
        "steps": [],
        "state_schemas": {},
    }
    (store / "manifest.json").write_text(json.dumps(manifest))
    command = ("run", "market", "--data-dir", tmp_path)
    line = line_of(mts(*command, **naming(nats_server, "flows")))
    assert "expected partitions 8, found 4" in line


def test_two_processes_refuse_a_store_before_any_of_them_runs(
    nats_server: NatsServer, tmp_path: Path
) -> None:
    asyncio.run(make_streams(nats_server))
    (tmp_path / "recovery" / "market").mkdir(parents=True)
    (tmp_path / "recovery" / "market" / "manifest.json").write_text("{}")
    command = ("run", "market", "--processes", "2", "--data-dir", tmp_path)
    line = line_of(mts(*command, **naming(nats_server, "flows")))
    assert "expected a recovery manifest" in line
