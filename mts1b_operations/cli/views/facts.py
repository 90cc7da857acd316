"""What has been seen of a running system, gathered event by event."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from mts1b_operations.events.contracts.actions import ActionRequest
from mts1b_operations.events.contracts.alerts import Alert, Reading
from mts1b_operations.events.contracts.audit import Gap, Rejected
from mts1b_operations.events.contracts.halts import HaltRequest
from mts1b_operations.events.fields import EventModel


@dataclass(slots=True)
class Seen:
    """What operations has said so far. An announcement that repeats counts once.

    `alerts` are in the order of their coming, one for each transition.
    """

    readings: int = 0
    rejected: int = 0
    gaps: int = 0
    alerts: dict[tuple[str, str], Alert] = field(default_factory=dict)
    actions: dict[str, ActionRequest] = field(default_factory=dict)
    halts: dict[str, HaltRequest] = field(default_factory=dict)

    def saw(self, event: EventModel) -> None:
        """Fold one event in; events of other kinds change nothing."""
        match event:
            case Reading():
                self.readings += 1
            case Alert():
                self.alerts.setdefault((event.alert_id, event.state), event)
            case ActionRequest():
                self.actions.setdefault(event.action_id, event)
            case HaltRequest():
                self.halts.setdefault(event.halt_id, event)
            case Rejected():
                self.rejected += 1
            case Gap():
                self.gaps += 1
            case _:
                return

    @property
    def fired(self) -> list[Alert]:
        """Give every alert at the moment it fired."""
        return [alert for alert in self.alerts.values() if alert.state == "firing"]

    @property
    def firing(self) -> list[Alert]:
        """Give the alerts that fire and have not resolved."""
        return [alert for alert in self.fired if (alert.alert_id, "resolved") not in self.alerts]


@dataclass(frozen=True, slots=True)
class ProcessState:
    """One supervised process: its name, what it does ("running", ...), how often it restarted."""

    name: str
    status: str
    restarts: int = 0


@dataclass(frozen=True, slots=True)
class Intake:
    """What went in: `messages` taken by the streams, and the `events` (single trades) in them.

    `event_time` is that of the newest; `seconds` is how long it took so far, on the wall.
    """

    messages: int
    events: int
    event_time: datetime | None
    seconds: float

    @property
    def rate(self) -> float:
        """Give events a second."""
        return self.events / self.seconds if self.seconds > 0 else 0.0


@dataclass(frozen=True, slots=True)
class Moment:
    """Everything that the live view shows at once. `entries` is the length of the audit chain."""

    intake: Intake
    seen: Seen
    entries: int
    processes: tuple[ProcessState, ...] = ()

    def unwell(self) -> Iterable[ProcessState]:
        """Give the processes that do not run."""
        return [process for process in self.processes if process.status != "running"]
