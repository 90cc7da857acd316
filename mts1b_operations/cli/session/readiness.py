"""Waiting until every process of a system does its work."""

import threading
import time

from mts1b_operations.cli.session.system import System
from mts1b_operations.local.process import ServerFailedError

_READY_S = 60.0
_POLL_S = 0.2


def await_readers(system: System, ended: threading.Event) -> None:
    """Wait until all flows read their streams, or `ended` is set.

    Raises ServerFailedError after a minute, naming the processes and where their logs are.
    """
    deadline = time.monotonic() + _READY_S
    while not system.reading():
        if time.monotonic() > deadline:
            states = ", ".join(f"{one.name} {one.status}" for one in system.children.states())
            raise ServerFailedError(
                f"expected every flow to read within {_READY_S:.0f} s, found {states}; "
                f"see {system.logs}"
            )
        if ended.wait(_POLL_S):
            return
