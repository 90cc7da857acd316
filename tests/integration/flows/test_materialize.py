"""What the streams hold is what a person finds in DuckDB, once each."""

import asyncio
import json
from collections import Counter
from pathlib import Path

import duckdb
import pytest

from mts1b_operations.events.streams import EVENTS, READINGS
from mts1b_operations.local.nats import NatsServer
from tests.flow_processes import FlowProcess, Tail, flow_process, make_streams, publish
from tests.trades import SETTINGS, trade_lines
from tests.waiting import until

pytestmark = pytest.mark.integration

TRADES = 20_000


def rows(database: Path, table: str) -> Counter[str]:
    if not database.exists():
        return Counter()
    with duckdb.connect(str(database), read_only=True) as connection:
        found = connection.table(table).select("event_id").fetchall()
    return Counter(event_id for (event_id,) in found)


def counted(tail: Tail) -> Counter[str]:
    """Count what the stream holds by now; empty while the tail is still connecting."""
    return Counter(one.event_id for one in tail.read())


def test_views_hold_what_was_said_though_the_flow_is_killed(
    nats_server: NatsServer, tmp_path: Path
) -> None:
    settings = tmp_path / "settings.json"
    settings.write_text(json.dumps(SETTINGS))
    asyncio.run(make_streams(nats_server))
    publish(nats_server, trade_lines(TRADES))
    readings = Tail(nats_server, READINGS, "mts.v1.operations.reading.*")
    alerts = Tail(nats_server, EVENTS, "mts.v1.operations.alert.*")
    database = tmp_path / "materialized" / "operations.duckdb"
    wanted = TRADES * 100 // 2000 - 20
    materialize = FlowProcess(nats_server, tmp_path, settings, flow="materialize")
    with flow_process(FlowProcess(nats_server, tmp_path, settings)) as market:
        materialize.start()
        until(lambda: sum(rows(database, "readings").values()) > wanted // 10, deadline=30)
        materialize.kill()
        readings.until(wanted, flow=market)
    with flow_process(materialize):
        until(lambda: rows(database, "readings") == counted(readings), deadline=30)
        until(lambda: rows(database, "alerts") == counted(alerts), deadline=30)
    assert counted(readings)
    assert counted(alerts)
    readings.close()
    alerts.close()
