"""Keeps child processes running: restarts what crashes, stops all together.

Restarts wait longer each time (with jitter, up to five seconds) until a child has lived for ten.
"""

import logging
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from mts1b_operations.sinks.delivery.backoff import Backoff

_LOG = logging.getLogger(__name__)
_POLL_S = 0.05
_HEALTHY_S = 10.0
_STOP_S = 15.0
_KILL_S = 10.0
_NOT_STARTED = 127


@dataclass(frozen=True, slots=True)
class ChildSpec:
    """A process to keep running: its name, command, environment and log file.

    The environment is not part of the repr: it holds passwords.
    """

    name: str
    argv: tuple[str, ...]
    environment: Mapping[str, str] = field(repr=False)
    log: Path


@dataclass(frozen=True, slots=True)
class Restart:
    """A child that ended by itself: its exit code (negative: the signal), and the wait in s.

    The code is 127, as in a shell, where the program could not be started at all.
    """

    name: str
    code: int
    delay: float


def _log_restart(restart: Restart) -> None:
    _LOG.warning(
        "%s ended with code %d; starting it again in %.1f s",
        restart.name, restart.code, restart.delay,
    )  # fmt: skip


class Supervisor:
    """Runs children from a thread of its own, from `start` to `stop`.

    `wrap` turns a child's command into the one to execute, for instance so that the child dies
    with the thread that started it. `on_restart` is called from the supervisor's thread.
    """

    def __init__(
        self,
        specs: Sequence[ChildSpec],
        on_restart: Callable[[Restart], None] = _log_restart,
        wrap: Callable[[Sequence[str]], Sequence[str]] = list,
    ) -> None:
        self._children = [_Child(spec, wrap) for spec in specs]
        self._on_restart = on_restart
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="supervisor", daemon=True)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def stopped(self) -> bool:
        """Tell whether the supervisor and all its children have ended."""
        return self._thread.ident is not None and not self._thread.is_alive()

    def start(self) -> None:
        """Start every child."""
        self._thread.start()

    def pid(self, name: str) -> int | None:
        """Give the process id of a child, None while it is down. Raises KeyError."""
        return {child.spec.name: child for child in self._children}[name].pid

    def run(self) -> None:
        """Run until SIGTERM or SIGINT, then stop. Call it from the main thread."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self._stopping.set())
        with self:
            self._stopping.wait()

    def stop(self) -> None:
        """Send every child SIGTERM, and SIGKILL to what still runs after 15 seconds."""
        self._stopping.set()
        self._thread.join(_STOP_S + _KILL_S)

    def _watch(self) -> None:
        # The children may be bound to the life of this thread: it ends after the last of them.
        try:
            while not self._stopping.wait(_POLL_S):
                self._tend_all(time.monotonic())
        finally:
            self._stopping.set()
            self._end_all()

    def _tend_all(self, now: float) -> None:
        for child in self._children:
            restart = child.tend(now)
            if restart:
                self._on_restart(restart)

    def _end_all(self) -> None:
        deadline = time.monotonic() + _STOP_S
        for child in self._children:
            child.ask_to_stop()
        for child in self._children:
            child.end(deadline)


class _Child:
    """One process and when it is due to start."""

    def __init__(self, spec: ChildSpec, wrap: Callable[[Sequence[str]], Sequence[str]]) -> None:
        self.spec = spec
        self._wrap = wrap
        self._process: subprocess.Popen[bytes] | None = None
        self._backoff = Backoff()
        self._due = 0.0
        self._started = 0.0

    @property
    def pid(self) -> int | None:
        process = self._process
        return process.pid if process and process.poll() is None else None

    def tend(self, now: float) -> Restart | None:
        """Start the child when it is due; give the restart that a crash makes necessary."""
        code = self._process.poll() if self._process else self._start_when_due(now)
        if code is None:
            return None
        self._process = None
        if now - self._started > _HEALTHY_S:
            self._backoff.reset()
        delay = self._backoff.delay()
        self._due = now + delay
        return Restart(self.spec.name, code, delay)

    def _start_when_due(self, now: float) -> int | None:
        if now < self._due:
            return None
        self._started = now
        try:
            self._start()
        except OSError as failure:
            _LOG.warning("%s: could not be started: %s", self.spec.name, failure)
            return _NOT_STARTED
        return None

    def _start(self) -> None:
        self.spec.log.parent.mkdir(parents=True, exist_ok=True)
        with self.spec.log.open("ab") as log:
            self._process = subprocess.Popen(
                self._wrap(self.spec.argv),
                env=dict(self.spec.environment),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def ask_to_stop(self) -> None:
        if self._process is not None:
            self._process.terminate()

    def end(self, deadline: float) -> None:
        if self._process is None:
            return
        try:
            self._process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(_KILL_S)
