"""`mts1b-operations backtest`: the same dataflows over files, without any server."""

import json
import time
from collections import Counter as Tally
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer
from pydantic import BaseModel
from rich.console import Console
from rich.table import Table

from mts1b_operations.cli.errors import one_clear_line
from mts1b_operations.cli.views.progress import counting
from mts1b_operations.flows.backtest import backtest_flow
from mts1b_operations.flows.execution import execute
from mts1b_operations.flows.house import House
from mts1b_operations.flows.panics import panics_withheld
from mts1b_operations.operators.watch import ShardOptions
from mts1b_operations.settings.tree import SettingsTree, load_tree
from mts1b_operations.sources.files import open_lines
from mts1b_operations.watchdogs.registry import WATCHDOGS

_KINDS = ("readings", "alerts", "actions", "halts", "rejected")


class Outcome(BaseModel):
    """What a backtest did: events read, seconds taken, lines written by file and watchdog."""

    events: int
    seconds: float
    readings: int
    alerts: int
    actions: int
    halts: int
    rejected: int
    by_watchdog: dict[str, dict[str, int]]


def backtest(
    files: Annotated[list[Path], typer.Argument(help="Event files: JSON lines, .gz allowed.")],
    out: Annotated[Path, typer.Option(help="Folder for the results.")],
    settings: Annotated[Path | None, typer.Option(help="Settings file (JSON).")] = None,
    watchdogs: Annotated[str, typer.Option(help="Only these, by comma.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")] = False,
) -> None:
    """Run the watchdogs over recorded events; write what they say into a folder."""
    with one_clear_line():
        for file in files:
            open_lines(file).close()
        house = House(
            tree=load_tree(settings, WATCHDOGS) if settings else SettingsTree(),
            names=_names(watchdogs),
            # A recording is about the past: nothing in it is too old.
            options=ShardOptions(oldest_halt=None),
        )
        with panics_withheld(), counting("backtest") as counter:
            execute(backtest_flow(files, out, house, time.time_ns(), counter), recovery=None)
    outcome = _outcome(out, counter.done, time.monotonic() - counter.started)
    if as_json:
        typer.echo(outcome.model_dump_json())
    else:
        Console().print(_table(outcome, out))


def _names(watchdogs: str) -> tuple[str, ...]:
    return tuple(one.strip() for one in watchdogs.split(",")) if watchdogs else tuple(WATCHDOGS)


def _outcome(out: Path, events: int, seconds: float) -> Outcome:
    """Count the lines that were written. An action belongs to the watchdog of its alert."""
    by_watchdog: dict[str, Tally[str]] = {}
    totals: Tally[str] = Tally()
    alerts: dict[str, str] = {}
    for kind in _KINDS:
        for fields in _lines(out / f"{kind}.jsonl"):
            totals[kind] += 1
            name = fields.get("watchdog") or alerts.get(fields.get("alert_id") or "")
            if kind == "alerts":
                alerts[fields["alert_id"]] = fields["watchdog"]
            if name:
                by_watchdog.setdefault(name, Tally())[kind] += 1
    counts = {name: dict(tally) for name, tally in sorted(by_watchdog.items())}
    tally = {kind: totals[kind] for kind in _KINDS}
    return Outcome(events=events, seconds=seconds, by_watchdog=counts, **tally)


def _lines(path: Path) -> Iterator[dict[str, str]]:
    with path.open() as lines:
        yield from map(json.loads, lines)


def _table(outcome: Outcome, out: Path) -> Table:
    rate = outcome.events / max(outcome.seconds, 1e-9)
    title = f"{outcome.events:,} events in {outcome.seconds:.1f} s ({rate:,.0f}/s) → {out}"
    table = Table(title=title, title_justify="left")
    table.add_column("watchdog")
    for kind in _KINDS:
        table.add_column(kind, justify="right")
    for name, tally in outcome.by_watchdog.items():
        table.add_row(name, *(f"{tally.get(kind, 0):,}" for kind in _KINDS))
    totals = outcome.model_dump()
    table.add_section()
    table.add_row("all", *(f"{totals[kind]:,}" for kind in _KINDS))
    return table
