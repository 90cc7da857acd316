"""A system without an end: shown until somebody stops it."""

import threading
import time

from rich.console import Console

from mts1b_operations.cli.session.system import System
from mts1b_operations.cli.session.tally import Tally
from mts1b_operations.cli.views.facts import Intake, Moment
from mts1b_operations.cli.views.live import watch


def show_system(system: System, ended: threading.Event, console: Console) -> None:
    """Show a running system until `ended` is set. Blocks."""
    started = time.monotonic()
    with Tally(system) as tally:
        watch(lambda: _moment(system, tally, started), ended, console)


def _moment(system: System, tally: Tally, started: float) -> Moment:
    messages = sum(tally.stored.values())
    intake = Intake(messages, messages, None, time.monotonic() - started)
    return Moment(intake, system.observer.seen, tally.entries, system.children.states())
