"""`up --demo` and its processes: how many there are, that they come back, that none stays."""

import json
import os
import signal
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from tests.integration.cli.command import mts
from tests.integration.cli.running import Process, Up, up
from tests.waiting import until

pytestmark = [pytest.mark.integration, pytest.mark.timeout(180)]

SECONDS = 12
SLACK_S = 60
"""For a machine that is busy with other tests."""


def demo(folder: Path, seconds: int = SECONDS) -> AbstractContextManager[Up]:
    options = ("--demo", "--json", "--seed", 5, "--seconds", seconds)
    return up(folder, *options, "--data-dir", folder / "data")


def test_a_demo_passes_with_five_python_processes_and_leaves_none(tmp_path: Path) -> None:
    with demo(tmp_path) as running:
        running.await_word("ready after")
        counts: set[int] = set()

        def ended() -> bool:
            counts.add(sum(one.python for one in running.look()))
            return running.process.poll() is not None

        until(ended, SECONDS + SLACK_S)
        assert running.process.returncode == 0, running.said()
        assert json.loads(running.printed())["passed"] is True
        assert max(counts) == 4, "expected `up` itself, three flows and the audit writer"
        assert running.left() == []


def test_a_second_demo_does_not_touch_the_first_and_sigterm_stops_it(tmp_path: Path) -> None:
    with demo(tmp_path, seconds=120) as running:
        running.await_word("ready after")
        before = sorted((tmp_path / "data" / "demo").iterdir())
        second = mts("up", "--demo", "--json", "--data-dir", tmp_path / "data")
        assert second.returncode == 2, second.stderr
        assert f"in use by process {running.process.pid}" in second.stderr
        assert "Traceback" not in second.stderr
        assert sorted((tmp_path / "data" / "demo").iterdir()) == before
        running.await_word(" events (")
        running.ask_to_stop()
        running.wait(15)
        assert running.process.returncode in {0, 1}, running.said()
        assert "Traceback" not in running.said()
        assert running.left() == []


def test_sigterm_during_the_start_stops_everything(tmp_path: Path) -> None:
    with demo(tmp_path, seconds=120) as running:
        until(running.look, 10)
        running.ask_to_stop()
        running.wait(30)
        assert "Traceback" not in running.said()
        assert running.left() == []


def kill(one: Process) -> None:
    os.kill(one.pid, signal.SIGKILL)


def freeze(one: Process) -> None:
    os.kill(one.pid, signal.SIGSTOP)


def disturbed(running: Up, act: Callable[[Process], None], *names: str) -> dict[str, object]:
    """Do something to the named processes in mid-market; give the summary."""
    running.await_word(" readings ·")
    until(lambda: any(" 0 readings" not in one for one in moments(running)), SECONDS)
    victims = [running.find(name) for name in names]
    for one in victims:
        act(one)
    running.wait(SECONDS + SLACK_S)
    for one in victims:
        assert not one.lives
    summary: dict[str, object] = json.loads(running.printed())
    return summary


def moments(running: Up) -> list[str]:
    return [line for line in running.said().splitlines() if " readings ·" in line]


def test_killed_processes_come_back_and_the_demo_passes(tmp_path: Path) -> None:
    with demo(tmp_path, seconds=16) as running:
        summary = disturbed(running, kill, "run market", "workers.audit_writer")
        assert summary["passed"] is True, summary
        assert summary["verified"] is True
        assert running.process.returncode == 0
        assert running.left() == []


@pytest.mark.slow
def test_control_without_its_market_flow_a_demo_fails(tmp_path: Path) -> None:
    """A frozen process is not restarted, since it has not ended."""
    with demo(tmp_path, seconds=16) as running:
        summary = disturbed(running, freeze, "run market")
        assert summary["passed"] is False, summary
        assert running.process.returncode == 1
        assert running.left() == []
