"""Two processes of one dataflow say what one says."""

import asyncio
import json
from pathlib import Path

import pytest

from mts1b_operations.events.streams import READINGS
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

pytestmark = pytest.mark.integration

TRADES = 20_000


def test_two_processes(nats_server: NatsServer, tmp_path: Path) -> None:
    settings = tmp_path / "settings.json"
    settings.write_text(json.dumps(SETTINGS))
    file = write_lines(tmp_path / "trades.jsonl", trade_lines(TRADES))
    wanted = backtested([file], settings, tmp_path / "out")["readings"]
    asyncio.run(make_streams(nats_server))
    publish(nats_server, trade_lines(TRADES))
    tail = Tail(nats_server, READINGS, "mts.v1.operations.reading.*")
    flow = FlowProcess(nats_server, tmp_path, settings, arguments=("--processes", "2"))
    with flow_process(flow):
        found = by_id(tail.until(len(wanted), flow=flow))
    tail.close()
    assert found == wanted
