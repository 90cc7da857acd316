"""`backtest` as a process: its summaries, and an error inside the engine as one line."""

import gzip
import json
from pathlib import Path

import pytest

from tests.integration.cli.command import line_of, mts
from tests.trades import SETTINGS, trade_lines, write_lines

pytestmark = pytest.mark.integration

TRADES = 5_000


@pytest.fixture
def arguments(tmp_path: Path) -> list[str]:
    settings = tmp_path / "settings.json"
    settings.write_text(json.dumps(SETTINGS))
    recording = write_lines(tmp_path / "trades.jsonl", trade_lines(TRADES))
    with recording.open("a") as lines:
        lines.write("no json\n")
    out = ["--out", str(tmp_path / "out"), "--settings", str(settings)]
    return ["backtest", str(recording), *out]


def lines(path: Path) -> int:
    return len(path.read_text().splitlines())


def test_machines_read_json(arguments: list[str], tmp_path: Path) -> None:
    done = mts(*arguments, "--json")
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    summary = json.loads(done.stdout)
    assert summary["events"] == TRADES + 1
    for kind in ("readings", "alerts", "actions", "halts", "rejected"):
        assert summary[kind] == lines(tmp_path / "out" / f"{kind}.jsonl")
    assert summary["readings"] > 0
    assert summary["rejected"] == 1
    vpin = summary["by_watchdog"]["vpin"]
    assert vpin["readings"] == summary["readings"]
    assert vpin.get("actions", 0) == summary["actions"]


def test_people_read_a_table(arguments: list[str], tmp_path: Path) -> None:
    done = mts(*arguments)
    assert done.returncode == 0, done.stderr
    assert f"{TRADES + 1:,} events in" in done.stdout
    assert "vpin" in done.stdout
    assert f"{lines(tmp_path / 'out' / 'readings.jsonl'):,}" in done.stdout


def test_the_engine_adds_nothing_to_an_error_of_ours(tmp_path: Path) -> None:
    """Rust's panic handler writes past `sys.stderr`."""
    cut = tmp_path / "cut.jsonl.gz"
    cut.write_bytes(gzip.compress(b"{}\n" * 9_000)[:-9])
    line = line_of(mts("backtest", cut, "--out", tmp_path / "out", RUST_BACKTRACE="1"))
    assert "expected a whole event file" in line
