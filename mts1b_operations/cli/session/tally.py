"""Counts that cost a question to a server, asked for once a second beside the view."""

import threading

from mts1b_operations.cli.session.beside import Beside
from mts1b_operations.cli.session.system import System
from mts1b_operations.sources.connection import ConnectionLostError

_EVERY_S = 1.0


class Tally(Beside):
    """How long the audit chain is and how many messages the streams took, a second ago."""

    def __init__(self, system: System) -> None:
        super().__init__("mts-tally")
        self.entries = 0
        self.stored: dict[str, int] = {}
        self._system = system

    def follow(self, ended: threading.Event) -> None:
        """Ask every second until `ended` is set; a server that is away leaves the last counts."""
        while not ended.wait(_EVERY_S):
            self.entries = self._system.entries()
            try:
                self.stored = self._system.stored()
            except ConnectionLostError:
                continue
