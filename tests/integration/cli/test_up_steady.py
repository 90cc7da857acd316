"""`up` without a demo: other processes feed it, read what it made of that, and check it."""

import json
from collections import Counter
from pathlib import Path

import duckdb
import pytest

from tests.flow_processes import backtested
from tests.integration.cli.command import line_of, mts
from tests.integration.cli.running import up
from tests.trades import SETTINGS, trade_lines, write_lines
from tests.waiting import until

pytestmark = [pytest.mark.integration, pytest.mark.timeout(180)]

TRADES = 12_000
TABLES = ("readings", "alerts", "actions")


def tables(database: Path) -> dict[str, Counter[str]]:
    """Give the ids in each view, read as any process may while the system runs."""
    if not database.exists():
        return {}
    with duckdb.connect(str(database), read_only=True) as connection:
        found = {name: connection.view(name).select("event_id").fetchall() for name in TABLES}
    return {name: Counter(event_id for (event_id,) in rows) for name, rows in found.items()}


def audited(data: Path) -> int:
    """Verify the chain from another process; give its length."""
    done = mts("audit", "verify", "--from-sequence", "0", "--json", "--data-dir", data)
    assert done.returncode == 0, done.stderr
    outcome = json.loads(done.stdout)
    assert outcome["ok"] is True
    return int(outcome["entries"])


def test_other_processes_feed_and_read_it(tmp_path: Path) -> None:
    data = tmp_path / "data"
    settings = tmp_path / "settings.json"
    settings.write_text(json.dumps(SETTINGS))
    recording = write_lines(tmp_path / "trades.jsonl", trade_lines(TRADES))
    wanted = backtested([recording], settings, tmp_path / "out")
    with up(tmp_path, "--data-dir", data, "--settings", settings) as running:
        running.await_word("running on")
        replayed = mts("replay", recording, "--data-dir", data)
        assert replayed.returncode == 0, replayed.stderr
        views = {name: Counter(list(wanted[name])) for name in TABLES}
        database = data / "materialized" / "operations.duckdb"
        until(lambda: tables(database) == views, 40)
        events = views["alerts"].total() + views["actions"].total()
        assert events > 0
        until(lambda: audited(data) >= events, 40)
        assert audited(data) == events, "expected every event once"
        second = line_of(mts("up", "--data-dir", data))
        assert f"in use by process {running.process.pid}" in second
        running.ask_to_stop()
        assert running.wait(15) == 0, running.said()
        assert running.left() == []
    assert "a stack running on" in line_of(mts("audit", "verify", "--data-dir", data))
