"""One server process on one data directory: start, wait until it serves, stop, kill, restart."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import cache
from pathlib import Path

from mts1b_operations.local.launch import Account, command
from mts1b_operations.local.lock import DirectoryLock

_POLL_SECONDS = 0.01
_LOG_LINES = 15
_SPAWN_TIMEOUT = 30.0
_KILL_TIMEOUT = 30.0


class ServerFailedError(RuntimeError):
    """A server did not start, or ended while it was starting."""


def server_environment() -> dict[str, str]:
    """Give the environment of a server: nothing of the user's that could change its settings."""
    kept = {name: os.environ[name] for name in ("LD_LIBRARY_PATH", "TMPDIR") if name in os.environ}
    return {"PATH": os.defpath, "TZ": "UTC", "LC_ALL": "C", **kept}


class ServerProcess:
    """A server with a data directory, a log file and a session of its own.

    It holds `<directory>/lock` as long as any of its processes lives, and writes to
    `<directory>/server.log`. Subclasses override `prepare` (which may set `account`, the
    user that the server runs as) and `opened`. Not thread-safe.
    """

    def __init__(
        self,
        name: str,
        argv: Sequence[str],
        directory: Path,
        ready: Callable[[], bool],
        *,
        stop_signal: signal.Signals = signal.SIGTERM,
        start_timeout: float = 30.0,
    ) -> None:
        """`ready` is asked until it says True, for at most `start_timeout` seconds."""
        self.name = name
        self.directory = directory.resolve()
        self.log = self.directory / "server.log"
        self.account: Account | None = None
        self._argv = list(argv)
        self._ready = ready
        self._stop_signal = stop_signal
        self._start_timeout = start_timeout
        self._lock = DirectoryLock(self.directory / "lock")
        self._process: subprocess.Popen[bytes] | None = None
        self._log_start = 0

    @property
    def pid(self) -> int:
        """Give the server's process id. Raises `ServerFailedError` when it does not run."""
        if self._process is None:
            raise ServerFailedError(f"{self.name}: expected a running server; start it")
        return self._process.pid

    @property
    def running(self) -> bool:
        """Tell whether the process lives."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start the server and return when it serves.

        Raises `ServerFailedError` with the end of the log when it does not, and
        `DirectoryInUseError` when its directory has another owner.
        """
        if self.running:
            raise ServerFailedError(f"{self.name}: expected no running server, found {self.pid}")
        self._reap()
        self.directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._lock.acquire()
        with ExitStack() as undo:
            undo.callback(self.kill)
            self.prepare()
            self._process = self._spawn()
            self.wait_until(self._ready)
            self.opened()
            undo.pop_all()

    def stop(self, timeout: float = 10.0) -> None:
        """Ask the server to stop, and kill it after `timeout` seconds. No error if it has ended."""
        if self._process is not None and self.running:
            self._process.send_signal(self._stop_signal)
            try:
                self._process.wait(timeout)
            except subprocess.TimeoutExpired:
                self._process.kill()
        self._reap()

    def kill(self) -> None:
        """End the server with SIGKILL, as a crash would. No error if it has ended."""
        if self._process is not None:
            self._process.kill()
        self._reap()

    def restart(self) -> None:
        """Stop the server if it runs, and start it on the same directory and port."""
        self.stop()
        self.start()

    def prepare(self) -> None:
        """Write what the server needs before it starts."""

    def opened(self) -> None:
        """Finish what can be done only in a server that answers."""

    def wait_until(self, condition: Callable[[], bool]) -> None:
        """Ask `condition` until it says True.

        Raises `ServerFailedError` when the server ends, or `start_timeout` has passed.
        """
        deadline = time.monotonic() + self._start_timeout
        while not condition():
            self._require_alive()
            if time.monotonic() > deadline:
                raise self._failure(f"found it not serving after {self._start_timeout:g} s")
            time.sleep(_POLL_SECONDS)
        # Another server on the same port could have given the answer.
        self._require_alive()

    def log_tail(self) -> str:
        """Give the last lines that the server logged since it was started."""
        with self.log.open("rb") as file:
            file.seek(self._log_start)
            lines = file.read().decode("utf-8", "replace").splitlines()
        return "\n".join(lines[-_LOG_LINES:])

    def _spawn(self) -> subprocess.Popen[bytes]:
        argv = command(self._argv, self._stop_signal, self.account)
        with self.log.open("ab") as log:
            self._log_start = log.tell()
            future = _spawner().submit(
                subprocess.Popen,
                argv,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self.directory,
                env=server_environment(),
                start_new_session=True,
                pass_fds=(self._lock.fileno(),),
            )
            return future.result(_SPAWN_TIMEOUT)

    def _require_alive(self) -> None:
        code = None if self._process is None else self._process.poll()
        if code is not None:
            raise self._failure(f"found it ended with code {code}")

    def _failure(self, found: str) -> ServerFailedError:
        return ServerFailedError(
            f"{self.name}: expected it to start, {found}; the end of {self.log}:\n{self.log_tail()}"
        )

    def _reap(self) -> None:
        if self._process is not None:
            self._process.wait(_KILL_TIMEOUT)
        self._process = None
        self._lock.release()


@cache
def _spawner() -> ThreadPoolExecutor:
    # A server gets its death signal when the thread that started it ends, so that thread must
    # live as long as this process: a caller's thread may be a short one.
    return ThreadPoolExecutor(max_workers=1, thread_name_prefix="server-spawner")
