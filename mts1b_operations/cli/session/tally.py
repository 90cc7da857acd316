"""Counts that cost a question to a server, asked for once a second beside the view."""

import threading
from types import TracebackType
from typing import Self

from mts1b_operations.cli.session.system import System

_EVERY_S = 1.0


class Tally:
    """How long the audit chain is and how many messages the streams took, a second ago."""

    def __init__(self, system: System) -> None:
        self.entries = 0
        self.stored: dict[str, int] = {}
        self._system = system
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._count, name="mts-tally", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._ended.set()
        self._thread.join()

    def _count(self) -> None:
        while not self._ended.wait(_EVERY_S):
            self.refresh()

    def refresh(self) -> None:
        """Ask now."""
        self.entries = self._system.entries()
        self.stored = self._system.stored()
