"""The supervisor with real processes: restarts, backs off, stops all, and takes them with it."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from mts1b_operations.workers.supervisor import ChildSpec, Restart, Supervisor
from tests.waiting import until

pytestmark = pytest.mark.integration

_SLEEPER = "import time; print('up', flush=True); time.sleep(600)"
_STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + _SLEEPER


def _spec(folder: Path, code: str, name: str = "child") -> ChildSpec:
    environment = os.environ | {"PASSWORD": "sesame"}
    return ChildSpec(name, (sys.executable, "-c", code), environment, folder / f"{name}.log")


def _alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def _pid(supervisor: Supervisor, name: str = "child") -> int:
    return until(lambda: supervisor.pid(name) or 0)


def test_a_killed_child_is_started_again_and_reported(tmp_path: Path) -> None:
    restarts: list[Restart] = []
    with Supervisor([_spec(tmp_path, _SLEEPER)], restarts.append) as supervisor:
        first = _pid(supervisor)
        os.kill(first, signal.SIGKILL)
        second = until(lambda: (pid := supervisor.pid("child") or 0) != first and pid)
        assert second != first
    assert [(restart.name, restart.code) for restart in restarts] == [("child", -9)]
    assert not _alive(second)


def test_a_child_that_always_fails_is_started_ever_more_slowly(tmp_path: Path) -> None:
    restarts: list[Restart] = []
    with Supervisor([_spec(tmp_path, "raise SystemExit(3)")], restarts.append):
        until(lambda: len(restarts) >= 4)
    assert {restart.code for restart in restarts} == {3}
    assert 0.05 <= restarts[0].delay <= 0.1
    assert restarts[3].delay >= 0.4


def test_stops_its_children_gently_and_logs_what_they_say(tmp_path: Path) -> None:
    specs = [_spec(tmp_path, _SLEEPER, name) for name in ("one", "two")]
    with Supervisor(specs) as supervisor:
        pids = [_pid(supervisor, name) for name in ("one", "two")]
        until(lambda: all(spec.log.exists() and spec.log.read_text() == "up\n" for spec in specs))
    assert not any(_alive(pid) for pid in pids)


def test_kills_a_child_that_will_not_stop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mts1b_operations.workers.supervisor._STOP_S", 0.3)
    spec = _spec(tmp_path, _STUBBORN)
    with Supervisor([spec]) as supervisor:
        pid = _pid(supervisor)
        until(lambda: spec.log.exists() and spec.log.read_text() == "up\n")
    assert not _alive(pid)


_PARENT = """
import signal, sys
from pathlib import Path
from mts1b_operations.local.launch import command
from mts1b_operations.workers.supervisor import ChildSpec, Supervisor

spec = ChildSpec("child", (sys.executable, "-c", sys.argv[1]), {{}}, Path(sys.argv[2]))
supervisor = Supervisor([spec], wrap={wrap})
supervisor.start()
while supervisor._thread.is_alive() and not (pid := supervisor.pid("child")):
    pass
print(pid, flush=True)
supervisor._thread.join()
"""


def _child_of_a_killed_supervisor(wrap: str, log: Path) -> int:
    argv = [sys.executable, "-c", _PARENT.format(wrap=wrap), _SLEEPER, str(log)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        until(lambda: log.exists() and log.read_text() == "up\n")
        parent.kill()
    return pid


def test_a_bound_child_dies_with_a_killed_supervisor(tmp_path: Path) -> None:
    bound = "lambda argv: command(argv, signal.SIGTERM, None)"
    pid = _child_of_a_killed_supervisor(bound, tmp_path / "child.log")
    until(lambda: not _alive(pid))


def test_control_an_unbound_child_outlives_it(tmp_path: Path) -> None:
    pid = _child_of_a_killed_supervisor("list", tmp_path / "child.log")
    try:
        assert _alive(pid)
    finally:
        os.kill(pid, signal.SIGKILL)


def test_a_program_that_is_not_there_is_tried_again_and_reported(tmp_path: Path) -> None:
    restarts: list[Restart] = []
    spec = ChildSpec("child", (str(tmp_path / "missing"),), {}, tmp_path / "child.log")
    with Supervisor([spec], restarts.append):
        until(lambda: len(restarts) >= 2)
    assert restarts[0].code == 127


def test_runs_until_it_is_told_to_stop(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path\n"
        "from mts1b_operations.workers.supervisor import ChildSpec, Supervisor\n"
        f"spec = ChildSpec('child', (sys.executable, '-c', {_SLEEPER!r}), {{}}, "
        f"Path({str(tmp_path / 'child.log')!r}))\n"
        "Supervisor([spec]).run()"
    )
    log = tmp_path / "child.log"
    with subprocess.Popen([sys.executable, "-c", code]) as parent:
        until(lambda: log.exists() and log.read_text() == "up\n")
        parent.terminate()
        assert parent.wait(timeout=20) == 0


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_failing_callback_leaves_no_child_behind(tmp_path: Path) -> None:
    def fail(_: Restart) -> None:
        raise ValueError("the caller's mistake")

    specs = [_spec(tmp_path, _SLEEPER, "good"), _spec(tmp_path, "raise SystemExit(3)", "bad")]
    with Supervisor(specs, fail) as supervisor:
        until(lambda: supervisor.stopped)
        assert supervisor.pid("good") is None


def test_passwords_do_not_show_in_a_repr(tmp_path: Path) -> None:
    assert "sesame" not in repr(_spec(tmp_path, _SLEEPER))
