"""Recovery is on unless nothing runs, and a store serves only the flow that made it."""

import asyncio
import json
import shutil
from pathlib import Path

import pytest

from mts1b_operations.events.streams import READINGS, partition_of
from mts1b_operations.flows.manifest import Manifest
from mts1b_operations.local.nats import NatsServer
from tests.flow_processes import FlowProcess, Tail, flow_process, make_streams, publish, shards_kept
from tests.integration.cli.command import line_of, mts, naming
from tests.trades import SETTINGS, SYMBOLS, trade_lines
from tests.waiting import until

pytestmark = pytest.mark.integration

TRADES = 6_000


def test_a_run_leaves_its_state_and_nobody_else_can_use_it(
    nats_server: NatsServer, tmp_path: Path
) -> None:
    settings = tmp_path / "settings.json"
    settings.write_text(json.dumps(SETTINGS))
    asyncio.run(make_streams(nats_server))
    publish(nats_server, trade_lines(TRADES))
    tail = Tail(nats_server, READINGS, "mts.v1.operations.reading.*")
    shards = {partition_of(symbol) for symbol in SYMBOLS}
    with flow_process(FlowProcess(nats_server, tmp_path, settings)) as flow:
        tail.until(1, flow=flow)
        until(lambda: shards_kept(tmp_path) == len(shards))
    tail.close()
    store = tmp_path / "recovery" / "market"
    manifest = Manifest.model_validate_json((store / "manifest.json").read_bytes())
    assert manifest.flow == "market"
    shutil.copytree(store, tmp_path / "recovery" / "portfolio")
    command = ("run", "portfolio", "--data-dir", tmp_path)
    line = line_of(mts(*command, **naming(nats_server, "flows")))
    assert "expected flow 'portfolio', found 'market'" in line
    assert "move it away to start from the beginning" in line
