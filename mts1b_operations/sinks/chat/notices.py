"""What a notice says. Plain text, so that no name in it can be taken for markup."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple

from mts1b_operations.events.contracts.alerts import Alert
from mts1b_operations.events.contracts.halts import HaltRequest
from mts1b_operations.events.fields import EventModel

_LONGEST = 4000
"""Below Telegram's limit of 4096 characters a message (Bot API, sendMessage)."""

_ID_PREFIX = 12


class Notice(NamedTuple):
    """One message to people. An urgent one is never shed."""

    text: str
    urgent: bool


def notice_of(event: EventModel) -> Notice | None:
    """Write the notice that `event` deserves; None for what people are not told."""
    write = _WRITERS.get(type(event))
    return None if write is None else Notice(*write(event))


def summary_of(shed: int) -> Notice:
    """Write the notice that stands for `shed` others, which did not fit into the queue."""
    return Notice(
        f"… and {shed} more alerts while Telegram did not take them; they are in the stream "
        "MTS_EVENTS and in the audit chain",
        urgent=False,
    )


def _alert(alert: Alert) -> tuple[str, bool]:
    fund = f" · fund {alert.fund_id}" if alert.fund_id else ""
    lines = [
        f"{alert.state.upper()} {alert.severity}: {alert.watchdog} {alert.key}{fund}",
        f"value {_number(alert.value)} against threshold {_number(alert.threshold)}",
        f"since {_moment(alert.since)}, at {_moment(alert.timestamp)}",
        f"rule {alert.rule} (version {alert.rule_version}) · alert {alert.alert_id[:_ID_PREFIX]}",
    ]
    if alert.reason:
        lines.append(f"reason: {alert.reason}")
    if alert.state == "firing":
        lines.append("to act: mts cmd halt")
    return _fitting(lines), alert.severity == "critical"


def _halt(halt: HaltRequest) -> tuple[str, bool]:
    lines = [
        f"{halt.level} requested: {halt.scope_id or 'the whole firm'}",
        f"by {halt.requested_by} ({halt.origin}) at {_moment(halt.timestamp)}",
        f"halt {halt.halt_id}"
        + (f" · alert {halt.alert_id[:_ID_PREFIX]}" if halt.alert_id else ""),
        f"to resume: mts cmd resume {halt.halt_id}",
        f"reason: {halt.reason}",
    ]
    return _fitting(lines), True


_WRITERS: dict[type[EventModel], Callable[[Any], tuple[str, bool]]] = {
    Alert: _alert,
    HaltRequest: _halt,
}


def _fitting(lines: list[str]) -> str:
    text = "\n".join(lines)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _number(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.6g}"


def _moment(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"
