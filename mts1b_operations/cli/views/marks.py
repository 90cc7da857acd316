"""Alerts held against the ground truth: what was caught, how late, and what was a false alarm."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from mts1b_operations.events.contracts.alerts import Alert
from mts1b_operations.events.contracts.halts import HaltRequest
from mts1b_operations.local.market.ground_truth import Episode


@dataclass(frozen=True, slots=True)
class Mark:
    """One episode, the first alert that it brought, and the first halt, where there was one."""

    episode: Episode
    alert: Alert | None = None
    halt: HaltRequest | None = None

    @property
    def delay(self) -> timedelta | None:
        """Give the event time from the start of the episode to its alert."""
        return None if self.alert is None else self.alert.timestamp - self.episode.start


@dataclass(frozen=True, slots=True)
class Marks:
    """Every episode with its mark, and the alerts and halts that no episode explains."""

    marks: tuple[Mark, ...]
    false_alarms: tuple[Alert, ...]
    false_halts: tuple[HaltRequest, ...]

    @property
    def perfect(self) -> bool:
        """Tell whether every episode was caught and nothing else was said."""
        caught = all(mark.alert is not None for mark in self.marks)
        return caught and not self.false_alarms and not self.false_halts


def mark(
    fired: Sequence[Alert],
    halts: Iterable[HaltRequest],
    episodes: Iterable[Episode],
    until: datetime | None = None,
) -> Marks:
    """Match alerts (at the moment they fired) and their halts with `episodes`.

    Episodes that start after `until`, the end of what was fed, are not marked.
    """
    due = [one for one in episodes if until is None or one.start <= until]
    explained = {
        alert.alert_id: episode for alert in fired for episode in due if _explains(episode, alert)
    }
    halts = list(halts)
    return Marks(
        marks=tuple(_mark(episode, fired, halts, explained) for episode in due),
        false_alarms=tuple(alert for alert in fired if alert.alert_id not in explained),
        false_halts=tuple(halt for halt in halts if halt.alert_id not in explained),
    )


def _explains(episode: Episode, alert: Alert) -> bool:
    same = (alert.watchdog, alert.rule, alert.key) == (episode.watchdog, episode.rule, episode.key)
    return same and episode.start <= alert.timestamp <= episode.explains_until


def _mark(
    episode: Episode,
    fired: Sequence[Alert],
    halts: Sequence[HaltRequest],
    explained: dict[str, Episode],
) -> Mark:
    ours = {alert_id for alert_id, cause in explained.items() if cause == episode}
    alerts = sorted((a for a in fired if a.alert_id in ours), key=lambda alert: alert.timestamp)
    stops = sorted((h for h in halts if h.alert_id in ours), key=lambda halt: halt.timestamp)
    return Mark(episode, alerts[0] if alerts else None, stops[0] if stops else None)
