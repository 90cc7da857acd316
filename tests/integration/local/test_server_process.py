import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from mts1b_operations.local.lock import DirectoryInUseError
from mts1b_operations.local.process import ServerFailedError, ServerProcess
from tests.waiting import until

pytestmark = pytest.mark.integration

_SERVES = "open('up', 'w').close(); import time; time.sleep(60)"
_DEAF = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {_SERVES}"
_FAILS = "print('first'); print('the port is taken'); raise SystemExit(3)"


def _server(directory: Path, program: str, *, start_timeout: float = 20.0) -> ServerProcess:
    argv = [sys.executable, "-c", program]
    up = directory / "up"
    return ServerProcess("toy", argv, directory, up.exists, start_timeout=start_timeout)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerProcess]:
    server = _server(tmp_path, _SERVES)
    yield server
    server.kill()


def test_it_runs_from_start_to_stop(server: ServerProcess) -> None:
    server.start()
    pid = server.pid
    assert os.getpgid(pid) == pid
    server.stop()
    assert not server.running
    assert not Path(f"/proc/{pid}").exists()


def test_a_restart_is_another_process(server: ServerProcess) -> None:
    server.start()
    first = server.pid
    server.restart()
    assert server.pid != first


def test_it_can_be_started_after_it_died_by_itself(server: ServerProcess) -> None:
    server.start()
    os.kill(server.pid, signal.SIGKILL)
    until(lambda: not server.running)
    server.start()
    assert server.running


def test_a_server_that_runs_is_not_started_twice(server: ServerProcess) -> None:
    server.start()
    with pytest.raises(ServerFailedError, match="expected no running server"):
        server.start()
    assert server.running


def test_another_server_on_the_directory_is_refused(server: ServerProcess, tmp_path: Path) -> None:
    server.start()
    with pytest.raises(DirectoryInUseError, match=f"process {os.getpid()}"):
        _server(tmp_path, _SERVES).start()


def test_a_failure_shows_the_exit_code_and_the_end_of_this_log(tmp_path: Path) -> None:
    (tmp_path / "server.log").write_text("of an earlier start\n")
    with pytest.raises(ServerFailedError, match=r"code 3(.|\n)*the port is taken") as failure:
        _server(tmp_path, _FAILS).start()
    assert "earlier" not in str(failure.value)


def test_a_server_that_never_serves_is_ended(tmp_path: Path) -> None:
    server = _server(tmp_path, "import time; time.sleep(60)", start_timeout=0.2)
    with pytest.raises(ServerFailedError, match=r"not serving after 0\.2 s"):
        server.start()
    assert not server.running


def test_a_server_that_ignores_the_request_to_stop_is_killed(tmp_path: Path) -> None:
    server = _server(tmp_path, _DEAF)
    server.start()
    server.stop(timeout=0.1)
    assert not server.running


def test_a_stopped_server_has_no_pid(server: ServerProcess) -> None:
    with pytest.raises(ServerFailedError, match="start it"):
        _ = server.pid


_OWNER = f"""
import pathlib, subprocess, sys, threading, time
from mts1b_operations.local.process import ServerProcess
directory = pathlib.Path(sys.argv[1])
argv = [sys.executable, "-c", {_SERVES!r}]
def protected():
    server = ServerProcess("toy", argv, directory, (directory / "up").exists)
    server.start()
    return server
def unprotected():
    return subprocess.Popen(argv, cwd=directory, start_new_session=True)
servers = []
starter = threading.Thread(target=lambda: servers.append(globals()[sys.argv[2]]()))
starter.start()
starter.join()
print(servers[0].pid, flush=True)
time.sleep(60)
"""


def _is_alive(pid: int) -> bool:
    try:
        # A zombie is dead: nobody may be there to reap it.
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def _assert_lives_on(pid: int) -> None:
    with pytest.raises(AssertionError, match="not true within"):
        until(lambda: not _is_alive(pid), deadline=0.3)


def _server_of_a_killed_owner(directory: Path, how: str) -> int:
    argv = [sys.executable, "-c", _OWNER, str(directory), how]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout is not None
        pid = int(owner.stdout.readline())
        # The thread that started it has ended; the server lives on until the process dies.
        _assert_lives_on(pid)
        owner.kill()
    return pid


@pytest.mark.skipif(sys.platform != "linux", reason="the parent-death signal is Linux's")
def test_a_server_dies_with_a_killed_owner(tmp_path: Path) -> None:
    pid = _server_of_a_killed_owner(tmp_path, "protected")
    until(lambda: not _is_alive(pid))


def test_control_an_unprotected_server_outlives_a_killed_owner(tmp_path: Path) -> None:
    pid = _server_of_a_killed_owner(tmp_path, "unprotected")
    try:
        _assert_lives_on(pid)
    finally:
        os.kill(pid, signal.SIGKILL)
