"""Who is alive."""

from typing import ClassVar, Literal

from pydantic import Field

from mts1b_operations.events.fields import EventModel, Identifier, Number, Timestamp


class HealthReport(EventModel):
    """One poll of one service; `latency_ms` in milliseconds."""

    key_field: ClassVar[str] = "service"

    service: Identifier
    timestamp: Timestamp
    status: Literal["ok", "degraded", "down"]
    latency_ms: Number | None = Field(default=None, ge=0)


class Heartbeat(EventModel):
    """A dead-man signal: silence is the alarm. `revision` is what the sender stands on."""

    key_field: ClassVar[str] = "service"

    service: Identifier
    timestamp: Timestamp
    revision: str | None = None
