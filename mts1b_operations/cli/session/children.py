"""The processes of a running system: which there are, and how they are kept running."""

import os
import signal
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from mts1b_operations.cli.views.facts import ProcessState
from mts1b_operations.flows.live import WATCHING
from mts1b_operations.flows.materialize import NAME as MATERIALIZE
from mts1b_operations.flows.notify import NAME as NOTIFY
from mts1b_operations.local.launch import command
from mts1b_operations.local.stack import Endpoints
from mts1b_operations.workers.supervisor import ChildSpec, Restart, Supervisor

_AUDIT_WRITER = "audit_writer"
_TELEGRAM = ("MTS_TELEGRAM_TOKEN", "MTS_TELEGRAM_CHAT_ID")


class Children:
    """The supervised processes, and how often each was started again."""

    def __init__(self, data_dir: Path, endpoints: Endpoints, flow_options: Sequence[str]) -> None:
        self._restarts: Counter[str] = Counter()
        specs = [_flow(name, data_dir, endpoints, flow_options) for name in _flows()]
        specs.append(_writer(data_dir, endpoints))
        self._names = [spec.name for spec in specs]
        # A child dies with us, even when we are killed.
        dying = partial(command, death_signal=signal.SIGTERM, account=None)
        self.supervisor = Supervisor(specs, self._count, dying)

    def _count(self, restart: Restart) -> None:
        self._restarts[restart.name] += 1

    def states(self) -> tuple[ProcessState, ...]:
        """Say of each process whether it runs."""
        return tuple(
            ProcessState(
                name,
                "running" if self.supervisor.pid(name) else "down",
                self._restarts[name],
            )
            for name in self._names
        )


def _flows() -> list[str]:
    """Name the flows to run; nobody is notified unless the environment says whom."""
    notified = all(os.environ.get(name) for name in _TELEGRAM)
    return [*WATCHING, MATERIALIZE, *([NOTIFY] if notified else [])]


def _flow(name: str, data_dir: Path, endpoints: Endpoints, options: Sequence[str]) -> ChildSpec:
    module = (sys.executable, "-m", "mts1b_operations.cli.main", "run", name)
    argv = (*module, "--data-dir", str(data_dir), *options)
    environment = _environment(endpoints.environment("flows"))
    return ChildSpec(name, argv, environment, _log(data_dir, name))


def _writer(data_dir: Path, endpoints: Endpoints) -> ChildSpec:
    argv = (sys.executable, "-m", "mts1b_operations.workers.audit_writer")
    environment = _environment(endpoints.environment("audit"))
    return ChildSpec(_AUDIT_WRITER, argv, environment, _log(data_dir, _AUDIT_WRITER))


def _environment(servers: Mapping[str, str]) -> dict[str, str]:
    return {**os.environ, **servers}


def _log(data_dir: Path, name: str) -> Path:
    return data_dir / "logs" / f"{name}.log"
