"""Funds and strategies through NATS and through files: the same is said, halts included."""

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mts1b_operations.events.streams import EVENTS, HALTS, READINGS
from mts1b_operations.local.market.scenario import Scenario, simulate
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
from tests.trades import write_lines

pytestmark = pytest.mark.integration

Said = dict[str, dict[str, object]]

SCENARIO: Scenario = simulate(seed=5, end=datetime(2026, 3, 2, 22, tzinfo=UTC))
EVENT_LINES = [
    (one.subject, one.payload())
    for one in SCENARIO.emissions
    if not one.subject.startswith("mts.v1.marketdata.")
]


def without_place(said: Said) -> Said:
    """Leave out the place of the evidence: a file's line numbers are not a stream's sequences."""
    return {key: {**one, "evidence": None} for key, one in said.items()}


def halts_of(out: Path) -> Said:
    lines = [json.loads(line) for line in (out / "halts.jsonl").read_text().splitlines()]
    return {line.pop("id"): line for line in lines}


def test_funds_and_strategies(nats_server: NatsServer, tmp_path: Path) -> None:
    settings = tmp_path / "settings.json"
    settings.write_text(json.dumps(SCENARIO.settings))
    file = write_lines(tmp_path / "events.jsonl", iter(EVENT_LINES))
    wanted = backtested([file], settings, tmp_path / "out")
    halts = halts_of(tmp_path / "out")
    assert wanted["alerts"]
    assert halts
    asyncio.run(make_streams(nats_server))
    publish(nats_server, EVENT_LINES)
    tails = {
        "readings": Tail(nats_server, READINGS, "mts.v1.operations.reading.*"),
        "alerts": Tail(nats_server, EVENTS, "mts.v1.operations.alert.*"),
        "actions": Tail(nats_server, EVENTS, "mts.v1.operations.action.*"),
        "halts": Tail(nats_server, HALTS, "mts.v1.operations.halt.requested"),
    }
    arguments = ("--oldest-halt", "0")
    flow = FlowProcess(nats_server, tmp_path, settings, flow="portfolio", arguments=arguments)
    with flow_process(flow):
        for kind, expected in {**wanted, "halts": halts}.items():
            found = by_id(tails[kind].until(len(expected), flow=flow))
            assert without_place(found) == without_place(expected), kind
    for tail in tails.values():
        tail.close()
