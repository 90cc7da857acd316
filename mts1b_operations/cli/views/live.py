"""The view of a running system: a panel on a terminal, a line every two seconds elsewhere."""

import threading
from collections.abc import Callable

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from mts1b_operations.cli.views.facts import Intake, Moment, ProcessState
from mts1b_operations.cli.views.words import counted, measured
from mts1b_operations.events.contracts.alerts import Alert
from mts1b_operations.events.contracts.halts import HaltRequest

_REFRESH_SECONDS = 0.25
_LINE_SECONDS = 2.0
_ROWS = 8
_COLOURS = {"info": "cyan", "warning": "yellow", "critical": "bold red"}


def watch(look: Callable[[], Moment], ended: threading.Event, console: Console) -> None:
    """Show what `look` gives until `ended` is set, and once more then. Blocks."""
    if console.is_terminal:
        _watch_panel(look, ended, console)
    else:
        _watch_lines(look, ended, console)


def _watch_panel(look: Callable[[], Moment], ended: threading.Event, console: Console) -> None:
    with Live(panel(look()), console=console, auto_refresh=False, transient=True) as live:
        while not ended.wait(_REFRESH_SECONDS):
            live.update(panel(look()), refresh=True)
        live.update(panel(look()), refresh=True)


def _watch_lines(look: Callable[[], Moment], ended: threading.Event, console: Console) -> None:
    while not ended.wait(_LINE_SECONDS):
        console.print(line(look()), soft_wrap=True, highlight=False)
    console.print(line(look()), soft_wrap=True, highlight=False)


def line(moment: Moment) -> str:
    """Say the moment in one line."""
    intake, seen = moment.intake, moment.seen
    parts = [
        f"{intake.seconds:.0f} s",
        f"event time {_event_time(intake)}",
        f"{counted(intake.events, 'event')} ({intake.rate:,.0f}/s)",
        counted(seen.readings, "reading"),
        f"{len(seen.firing)} firing",
        counted(len(seen.halts), "halt"),
        f"{moment.entries:,} audit entries",
    ]
    if seen.rejected or seen.gaps:
        parts.append(f"{seen.rejected:,} rejected, {counted(seen.gaps, 'gap')}")
    parts += [f"{process.name} {process.status}" for process in moment.unwell()]
    return " · ".join(parts)


def panel(moment: Moment) -> RenderableType:
    """Draw the moment: numbers, firing alerts, halts and processes."""
    return Panel(
        Group(_numbers(moment), _alerts(moment), _halts(moment), _processes(moment.processes)),
        title="mts1b-operations",
        title_align="left",
        border_style="red" if moment.seen.halts else "green",
    )


def _numbers(moment: Moment) -> Table:
    intake, seen = moment.intake, moment.seen
    grid = Table.grid(padding=(0, 3))
    grid.add_row(
        f"[bold]{intake.events:,}[/] events",
        f"[bold]{intake.rate:,.0f}[/]/s",
        f"[bold]{seen.readings:,}[/] readings",
        f"[bold]{moment.entries:,}[/] audit entries",
    )
    grid.add_row(
        f"at {_event_time(intake)}",
        f"{intake.seconds:.0f} s",
        f"{seen.rejected:,} rejected",
        counted(seen.gaps, "gap"),
    )
    return grid


def _event_time(intake: Intake) -> str:
    return f"{intake.event_time:%Y-%m-%d %H:%M}" if intake.event_time is not None else "-"


def _alerts(moment: Moment) -> RenderableType:
    firing = moment.seen.firing
    if not firing:
        return Text(f"\nno alert fires ({len(moment.seen.fired)} so far)", style="dim")
    table = Table(title=f"\n{counted(len(firing), 'alert')} firing", title_justify="left", box=None)
    for name in ("watchdog", "rule", "key", "value / limit", "since"):
        table.add_column(name, header_style="dim")
    for alert in firing[-_ROWS:]:
        table.add_row(*_alert_row(alert), style=_COLOURS[alert.severity])
    return table


def _alert_row(alert: Alert) -> list[RenderableType]:
    return [
        alert.watchdog,
        alert.rule,
        Text(alert.key),
        f"{measured(alert.value)} / {measured(alert.threshold)}",
        f"{alert.since:%m-%d %H:%M}",
    ]


def _halts(moment: Moment) -> RenderableType:
    return Group(*(_halt_line(halt) for halt in list(moment.seen.halts.values())[-_ROWS:]))


def _halt_line(halt: HaltRequest) -> Text:
    scope = halt.scope_id or "the firm"
    return Text(f"{halt.level} {scope}: {halt.reason}", style="bold red")


def _processes(processes: tuple[ProcessState, ...]) -> Text:
    text = Text("\n")
    for process in processes:
        well = process.status == "running"
        said = f"● {process.name}" if well else f"✗ {process.name} {process.status}"
        if process.restarts:
            said += f" ({counted(process.restarts, 'restart')})"
        text.append(f"{said}   ", style="green" if well else "bold red")
    return text
