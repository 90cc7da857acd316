"""What the watchdogs say: readings, alerts, and what people say of alerts."""

from typing import ClassVar, Literal

from pydantic import Field

from mts1b_operations.events.fields import (
    Count,
    EventModel,
    Identifier,
    JsonObject,
    Number,
    Timestamp,
)

Verdict = Literal["ok", "unknown", "breach"]
Severity = Literal["info", "warning", "critical"]
AlertState = Literal["firing", "resolved"]


class Evidence(EventModel):
    """Where the numbers behind an alert lie, so that anyone can compute them again.

    `first_seq` and `last_seq` are positions in `stream` (line numbers in a file).
    """

    stream: str
    first_seq: Count
    last_seq: Count
    window_start: Timestamp | None = None
    window_end: Timestamp
    method: str


class Reading(EventModel):
    """A watchdog's number for one key at one time; `value` is null while history is too short."""

    key_field: ClassVar[str] = "watchdog"

    watchdog: Identifier
    key: Identifier
    fund_id: Identifier | None = None
    timestamp: Timestamp
    value: Number | None
    threshold: Number | None
    state: Verdict
    rule: str
    rule_version: str
    detail: JsonObject = Field(default_factory=dict)


class Alert(EventModel):
    """A change of a watchdog's state for one key.

    `alert_id` names the episode and stays the same from firing to resolved; each transition
    travels under an event id of its own.
    """

    key_field: ClassVar[str] = "watchdog"

    alert_id: Identifier
    watchdog: Identifier
    key: Identifier
    fund_id: Identifier | None = None
    severity: Severity
    state: AlertState
    value: Number | None
    threshold: Number | None
    timestamp: Timestamp
    since: Timestamp
    rule: str
    rule_version: str
    false_alarms_per_year: Number | None = None
    peak: Number | None = None
    reason: str | None = None
    evidence: Evidence


class AlertAck(EventModel):
    """Somebody has seen an alert."""

    key_field: ClassVar[str] = "alert_id"

    alert_id: Identifier
    operator: Identifier
    timestamp: Timestamp
    comment: str | None = None


class Silence(EventModel):
    """Mutes notifications of what it matches until it expires; never an action or a halt."""

    key_field: ClassVar[str] = "silence_id"

    silence_id: Identifier
    owner: Identifier
    reason: str
    timestamp: Timestamp
    expires: Timestamp
    matchers: dict[str, str]
