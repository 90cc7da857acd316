"""Shows alerts, actions and halt requests on the terminal, a line each."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from bytewax.outputs import FixedPartitionedSink, StatefulSinkPartition
from rich.console import Console
from rich.text import Text

from mts1b_operations.events.contracts.actions import ActionRequest
from mts1b_operations.events.contracts.alerts import Alert
from mts1b_operations.events.contracts.halts import HaltRequest
from mts1b_operations.events.envelope import Emission
from mts1b_operations.events.fields import EventModel

_SEVERITIES = {"critical": "bold red", "warning": "yellow", "info": "cyan"}


class ConsoleSink(FixedPartitionedSink[Emission, None]):
    """Prints `(key, Emission)` to `console` (standard output unless given).

    Other kinds, readings above all, pass by in silence. Colours only on a terminal.
    """

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console()

    def list_parts(self) -> list[str]:
        """Name the only partition: a terminal has one order."""
        return ["0"]

    def build_part(self, step_id: str, for_part: str, resume_state: object) -> "ConsolePartition":
        """Open the partition; there is nothing to resume."""
        del step_id, for_part, resume_state
        return ConsolePartition(self._console)


class ConsolePartition(StatefulSinkPartition[Emission, None]):
    """Prints each batch as it comes."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def write_batch(self, values: list[Emission]) -> None:
        """Print one line for each emission that people want to see."""
        for emission in values:
            line = line_of(emission.event)
            if line is not None:
                self._console.print(line, soft_wrap=True)

    def snapshot(self) -> None:
        """Keep nothing: what was printed stays printed."""


def line_of(event: EventModel) -> Text | None:
    """Write the line of `event`; None for a kind that is not shown."""
    write = _WRITERS.get(type(event))
    return None if write is None else write(event)


def _alert(alert: Alert) -> Text:
    style = _SEVERITIES[alert.severity] if alert.state == "firing" else "green"
    value, threshold = _number(alert.value), _number(alert.threshold)
    return _line(
        alert.timestamp,
        (f"{alert.state} {alert.severity}", style),
        f"{alert.watchdog} {alert.key} {value} against {threshold}",
        f"fund {alert.fund_id}" if alert.fund_id else "",
    )


def _action(action: ActionRequest) -> Text:
    target = action.symbol or action.strategy_id or action.fund_id or "all"
    return _line(
        action.timestamp, ("action", "magenta"), f"{action.action} {target}", action.reason
    )


def _halt(halt: HaltRequest) -> Text:
    return _line(
        halt.timestamp,
        (halt.level, "bold white on red"),
        halt.scope_id or "the whole firm",
        halt.reason,
    )


_WRITERS: dict[type[EventModel], Callable[[Any], Text]] = {
    Alert: _alert,
    ActionRequest: _action,
    HaltRequest: _halt,
}


def _line(moment: datetime, title: tuple[str, str], what: str, remark: str) -> Text:
    end = f" · {_printable(remark)}" if remark else ""
    return Text.assemble(
        (f"{moment:%H:%M:%S} ", "dim"), title, f" {_printable(what)}", (end, "dim")
    )


def _printable(text: str) -> str:
    """Blank out line breaks and escape sequences: names and reasons come from other services."""
    return "".join(letter if letter.isprintable() else " " for letter in text)


def _number(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.4g}"
