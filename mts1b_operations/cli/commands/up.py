"""`mts1b-operations up`: the whole system on this machine, with a live view."""

import signal
import threading
from typing import Annotated

import typer
from rich.console import Console

from mts1b_operations.cli.errors import MendableError, one_clear_line
from mts1b_operations.cli.options import DEFAULT_DATA_DIR, DataDir, SettingsFile
from mts1b_operations.cli.session.demo import Demo
from mts1b_operations.cli.session.readiness import await_readers
from mts1b_operations.cli.session.steady import show_system
from mts1b_operations.cli.session.system import Plan, System
from mts1b_operations.settings.tree import load_tree
from mts1b_operations.watchdogs.registry import WATCHDOGS, check

_DEMO_S = 60.0


def up(
    demo: Annotated[bool, typer.Option("--demo", help="Feed it with a simulated market.")] = False,
    seconds: Annotated[
        float | None, typer.Option(min=5, help="Stop after so long; a demo lasts 60 by default.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the simulated market.")] = 1,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    settings: SettingsFile = None,
    as_json: Annotated[bool, typer.Option("--json", help="End a demo with JSON.")] = False,
) -> None:
    """Start servers and all processes, show what happens, and stop everything at the end."""
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    with one_clear_line():
        if demo and settings is not None:
            raise MendableError("--demo brings its own settings: leave --settings out")
        if demo:
            passed = Demo(data_dir / "demo", seed, seconds or _DEMO_S, as_json).run(ended)
            raise typer.Exit(0 if passed else 1)
        if settings is not None:
            check(load_tree(settings, WATCHDOGS))
        options = ("--settings", str(settings.resolve())) if settings else ()
        _serve(Plan(data_dir, flow_options=options), seconds, ended)


def _serve(plan: Plan, seconds: float | None, ended: threading.Event) -> None:
    console = Console()
    console.print("starting NATS, PostgreSQL, OpenBao and the processes …")
    with System(plan) as system:
        await_readers(system, ended)
        console.print(f"running on {plan.data_dir}: stop with Ctrl-C")
        if seconds is not None:
            clock = threading.Timer(seconds, ended.set)
            clock.daemon = True
            clock.start()
        show_system(system, ended, console)
