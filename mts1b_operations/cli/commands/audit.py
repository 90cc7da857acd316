"""`mts1b-operations audit`: prove that the chain of entries is as it was written."""

import json
import math
import os
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from pydantic import SecretStr
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as ProgressBar

from mts1b_operations.audit.archive import open_archive
from mts1b_operations.audit.failures import DsnError, LedgerDamagedError, LedgerError
from mts1b_operations.audit.verifier import Progress
from mts1b_operations.cli.options import DEFAULT_DATA_DIR, DataDir
from mts1b_operations.local.process import ServerFailedError
from mts1b_operations.local.running import running_stack

app = typer.Typer(help="The tamper-evident record of every state change.", no_args_is_help=True)

_DSN_VARIABLE = "MTS_POSTGRES_DSN"
_PATIENCE_S = 1.0
_DAMAGED = 1
_NOT_VERIFIED = 2


@app.callback()
def audit() -> None:
    """Read and prove the audit chain."""


@app.command()
def verify(
    from_sequence: Annotated[
        int, typer.Option(min=0, help="First entry to check; the one before it is trusted.")
    ] = 0,
    dsn: Annotated[
        str, typer.Option(help=f"PostgreSQL; by default ${_DSN_VARIABLE}, else the local stack.")
    ] = "",
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Recompute every hash and link. Exit 0: whole. 1: damaged. 2: could not be checked."""
    try:
        address = _address(dsn, data_dir)
        outcome = _watched(_steps(address, from_sequence))
    except LedgerDamagedError as damaged:
        _say(str(damaged), as_json, error=str(damaged), ok=False)
        raise typer.Exit(_DAMAGED) from None
    except (LedgerError, DsnError, ServerFailedError) as failure:
        line = " ".join(str(failure).split())
        typer.echo(f"mts1b-operations: audit verify: {line}", err=True)
        raise typer.Exit(_NOT_VERIFIED) from None
    _report(outcome, from_sequence, as_json)
    if outcome.damage:
        raise typer.Exit(_DAMAGED)


def _address(dsn: str, data_dir: Path) -> SecretStr:
    given = dsn or os.environ.get(_DSN_VARIABLE, "")
    return SecretStr(given) if given else running_stack(data_dir).postgres_dsn


def _steps(address: SecretStr, start: int) -> Iterator[Progress]:
    with open_archive(address) as archive:
        yield from archive.verify(start)


def _watched(steps: Iterator[Progress]) -> Progress:
    """Go through the steps, with a bar on a terminal once they take longer than a second."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    console = Console(stderr=True)
    bar = ProgressBar(*columns, TimeRemainingColumn(), console=console, transient=True)
    task = bar.add_task("verifying", total=None)
    patience_ends = time.monotonic() + _PATIENCE_S if sys.stderr.isatty() else math.inf
    last = Progress(0, 0)
    with ExitStack() as shown:
        for last in steps:
            bar.update(task, completed=last.checked, total=last.total)
            if time.monotonic() > patience_ends:
                shown.enter_context(bar)
                patience_ends = math.inf
    return last


def _report(outcome: Progress, start: int, as_json: bool) -> None:
    facts = {
        "ok": outcome.damage is None,
        "entries": outcome.checked,
        "from_sequence": start,
        "damage": None if outcome.damage is None else asdict(outcome.damage),
    }
    _say(outcome.verdict, as_json, **facts)


def _say(line: str, as_json: bool, **facts: object) -> None:
    typer.echo(json.dumps(facts) if as_json else line)
