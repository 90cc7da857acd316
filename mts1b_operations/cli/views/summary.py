"""The end of a demo: what went in, what was caught and how late, and what the chain proves."""

from dataclasses import dataclass

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from mts1b_operations.cli.views.facts import Intake, Seen
from mts1b_operations.cli.views.marks import Mark, Marks
from mts1b_operations.cli.views.words import counted, duration, measured
from mts1b_operations.events.contracts.alerts import Alert
from mts1b_operations.events.contracts.halts import HaltRequest
from mts1b_operations.events.fields import JsonObject, rfc3339


@dataclass(frozen=True, slots=True)
class Summary:
    """The facts of one demo. `verification` is what `audit verify` said of the chain."""

    seed: int
    intake: Intake
    seen: Seen
    marks: Marks
    entries: int
    verified: bool
    verification: str

    @property
    def passed(self) -> bool:
        """Tell whether the demo showed what it should: all caught, no false alarm, chain whole."""
        return self.marks.perfect and self.verified


def rendered(summary: Summary) -> RenderableType:
    """Draw the summary for a terminal."""
    return Group(
        Text(),
        Text(_in_line(summary), style="bold"),
        Text(_out_line(summary)),
        Text(),
        _marks_table(summary),
        *(_halt_line(mark, mark.halt) for mark in summary.marks.marks if mark.halt is not None),
        *_false_alarms(summary.marks),
        Text(),
        Text(summary.verification, style="green" if summary.verified else "bold red"),
    )


def as_json(summary: Summary) -> JsonObject:
    """Give the summary as a JSON object; delays in seconds of event time."""
    seen, intake, marks = summary.seen, summary.intake, summary.marks
    return {
        "seed": summary.seed,
        "passed": summary.passed,
        "seconds": round(intake.seconds, 3),
        "messages": intake.messages,
        "events": intake.events,
        "rate": round(intake.rate, 1),
        "readings": seen.readings,
        "alerts": len(seen.fired),
        "actions": len(seen.actions),
        "halts": len(seen.halts),
        "rejected": seen.rejected,
        "gaps": seen.gaps,
        "episodes": [_mark_json(mark) for mark in marks.marks],
        "false_alarms": [alert.alert_id for alert in marks.false_alarms],
        "false_halts": [halt.halt_id for halt in marks.false_halts],
        "entries": summary.entries,
        "verified": summary.verified,
        "verification": summary.verification,
    }


def _in_line(summary: Summary) -> str:
    intake = summary.intake
    return (
        f"seed {summary.seed}: {counted(intake.events, 'event')} in "
        f"{counted(intake.messages, 'message')} in {intake.seconds:.1f} s "
        f"({intake.rate:,.0f} events/s)"
    )


def _out_line(summary: Summary) -> str:
    seen = summary.seen
    counts = {
        "reading": seen.readings,
        "alert": len(seen.fired),
        "action": len(seen.actions),
        "halt": len(seen.halts),
        "gap": seen.gaps,
    }
    said = [counted(number, noun) for noun, number in counts.items()]
    return ", ".join([*said, f"{seen.rejected:,} rejected", f"{summary.entries:,} audit entries"])


def _marks_table(summary: Summary) -> Table:
    table = Table(
        title="Alerts against the ground truth, in event time",
        title_justify="left",
        box=box.SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
    )
    for name in ("episode", "watchdog", "key", "caught in", "value / limit"):
        table.add_column(name)
    for mark in summary.marks.marks:
        table.add_row(*_mark_row(mark))
    return table


def _mark_row(mark: Mark) -> list[RenderableType]:
    episode = mark.episode
    return [
        episode.name,
        episode.watchdog,
        episode.key,
        Text("missed", style="bold red") if mark.delay is None else Text(duration(mark.delay)),
        "" if mark.alert is None else _value(mark.alert),
    ]


def _halt_line(mark: Mark, halt: HaltRequest) -> Text:
    delay = duration(halt.timestamp - mark.episode.start)
    scope = halt.scope_id or "the firm"
    return Text(f"{halt.level} {scope}: asked for {delay} after the {mark.episode.name}")


def _value(alert: Alert) -> str:
    return f"{measured(alert.value)} / {measured(alert.threshold)}"


def _false_alarms(marks: Marks) -> list[RenderableType]:
    alarms = [
        Text(f"false alarm: {one.watchdog} {one.rule} {one.key} {one.timestamp}", style="red")
        for one in marks.false_alarms
    ]
    halts = [Text(f"halt without a cause: {one.reason}", style="red") for one in marks.false_halts]
    return [*alarms, *halts] or [Text("no false alarm", style="green")]


def _mark_json(mark: Mark) -> JsonObject:
    episode = mark.episode
    return {
        "episode": episode.name,
        "watchdog": episode.watchdog,
        "rule": episode.rule,
        "key": episode.key,
        "start": rfc3339(episode.start),
        "end": rfc3339(episode.end),
        "caught": mark.alert is not None,
        "delay_seconds": None if mark.delay is None else mark.delay.total_seconds(),
        "alert_id": None if mark.alert is None else mark.alert.alert_id,
        "halt_id": None if mark.halt is None else mark.halt.halt_id,
    }
