"""The end of a demo: what went in, what was caught and how late, and what the chain proves."""

from dataclasses import dataclass
from datetime import timedelta

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from mts1b_operations.cli.views.facts import Intake, Seen
from mts1b_operations.cli.views.marks import Mark, Marks
from mts1b_operations.events.fields import JsonObject, rfc3339

_MINUTE = timedelta(minutes=1)
_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)


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
        f"seed {summary.seed}: {intake.events:,} events in {intake.messages:,} messages "
        f"in {intake.seconds:.1f} s ({intake.rate:,.0f} events/s)"
    )


def _out_line(summary: Summary) -> str:
    seen = summary.seen
    return (
        f"{seen.readings:,} readings, {len(seen.fired)} alerts, {len(seen.actions)} actions, "
        f"{len(seen.halts)} halts, {seen.rejected:,} rejected, {seen.gaps} gaps, "
        f"{summary.entries:,} audit entries"
    )


def _marks_table(summary: Summary) -> Table:
    table = Table(title="alerts against the ground truth, in event time", title_justify="left")
    for name in ("episode", "watchdog", "key", "began", "caught after", "value", "halt"):
        table.add_column(name, justify="right" if name in ("caught after", "value") else "left")
    for mark in summary.marks.marks:
        table.add_row(*_mark_row(mark))
    return table


def _mark_row(mark: Mark) -> list[RenderableType]:
    episode = mark.episode
    return [
        episode.name,
        f"{episode.watchdog} {episode.rule}",
        episode.key,
        f"{episode.start:%Y-%m-%d %H:%M}",
        Text("missed", style="bold red") if mark.delay is None else Text(duration(mark.delay)),
        _value(mark),
        "" if mark.halt is None else f"{mark.halt.level} {mark.halt.scope_id or ''}",
    ]


def _value(mark: Mark) -> str:
    alert = mark.alert
    if alert is None or alert.value is None or alert.threshold is None:
        return ""
    return f"{alert.value:.3g} / {alert.threshold:.3g}"


def _false_alarms(marks: Marks) -> list[RenderableType]:
    alarms = [
        Text(f"false alarm: {one.watchdog} {one.rule} {one.key} {one.timestamp}", style="red")
        for one in marks.false_alarms
    ]
    halts = [Text(f"halt without a cause: {one.reason}", style="red") for one in marks.false_halts]
    return [*alarms, *halts] or [Text("no false alarm", style="green")]


def duration(delay: timedelta) -> str:
    """Say a duration in its two largest units: `2 d 3 h`, `3 h 5 min`, `12 min`, `40 s`."""
    if delay < _MINUTE:
        return f"{delay.total_seconds():.0f} s"
    if delay < _HOUR:
        return f"{delay // _MINUTE} min"
    if delay < _DAY:
        return f"{delay // _HOUR} h {delay % _HOUR // _MINUTE} min"
    return f"{delay.days} d {delay % _DAY // _HOUR} h"


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
