"""The demo as a person runs it: servers, processes, market, marks and proof, in one command."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.integration, pytest.mark.timeout(180)]

SECONDS = 20
MARKET_MESSAGES = 4 * 78 * 40
"""Messages that are market data, at most: a batch for each symbol, 5 minutes and day."""

SLACK = 60
"""For a machine that is busy with other tests, and for stopping what was started."""


def _demo(data_dir: Path, *options: str) -> "subprocess.CompletedProcess[str]":
    argv = [sys.executable, "-m", "mts1b_operations.cli.main", "up", "--demo"]
    argv += ["--seconds", str(SECONDS), "--data-dir", str(data_dir), *options]
    return subprocess.run(
        argv, capture_output=True, text=True, timeout=SECONDS + SLACK, check=False
    )


def test_a_demo_catches_every_fault_and_proves_its_chain(tmp_path: Path) -> None:
    done = _demo(tmp_path, "--seed", "5", "--json")
    assert done.returncode == 0, done.stderr
    summary = json.loads(done.stdout)
    assert summary["passed"] is True
    assert [one["caught"] for one in summary["episodes"]] == [True, True, True]
    assert summary["false_alarms"] == summary["false_halts"] == []
    assert summary["events"] > 100_000
    assert summary["rejected"] == summary["gaps"] == 0
    assert summary["verified"] is True
    assert summary["entries"] >= summary["messages"] - MARKET_MESSAGES


def test_the_demo_says_what_it_does(tmp_path: Path) -> None:
    said = _demo(tmp_path, "--seed", "6").stdout
    for words in ("starting the servers", "ready after", "no false alarm", "chain integrity OK"):
        assert words in said
