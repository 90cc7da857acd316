"""The command line as a user runs it, and the one line that a mendable error becomes."""

import os
import subprocess
import sys
from subprocess import CompletedProcess

from mts1b_operations.local.nats import NatsServer

COMMAND = (sys.executable, "-m", "mts1b_operations.cli.main")
_TIMEOUT_S = 60


def environment(**variables: str) -> dict[str, str]:
    """Give this process's environment without servers, and `variables`."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MTS_")}
    return {**kept, **variables}


def mts(*arguments: object, **variables: str) -> "CompletedProcess[str]":
    """Run a command to its end, with `variables` as the only MTS_ ones."""
    return subprocess.run(
        [*COMMAND, *map(str, arguments)],
        env=environment(**variables),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=_TIMEOUT_S,
        check=False,
    )


def naming(server: NatsServer, role: str = "admin") -> dict[str, str]:
    """Give the variables that name `server`."""
    return {
        "MTS_NATS_URL": server.url,
        "MTS_NATS_MONITOR_URL": server.monitor_url,
        "MTS_NATS_USER": role,
        "MTS_NATS_PASSWORD": server.passwords[role],
    }


def line_of(done: "CompletedProcess[str]") -> str:
    """Give the one line on stderr of a command that could not be carried out."""
    assert done.returncode == 2, (done.returncode, done.stderr)
    assert done.stderr.startswith("mts1b-operations: "), done.stderr
    assert done.stderr.count("\n") == 1, done.stderr
    return done.stderr
