"""What operations says about its own input: refusals, gaps and conflicts."""

from typing import ClassVar

from mts1b_operations.events.fields import Count, EventModel, Identifier, Timestamp


class Rejected(EventModel):
    """Bad input: the reason, and the original bytes in base64 so that nothing is lost."""

    source: Identifier
    subject: str
    reason: str
    stream: str
    sequence: Count
    payload_base64: str
    timestamp: Timestamp | None = None


class Gap(EventModel):
    """Messages that a source should have read and never will.

    `expected_sequence` is the next one wanted, `found_sequence` the first that can be had.
    """

    key_field: ClassVar[str] = "source"

    source: Identifier
    stream: str
    partition: str
    reason: str
    expected_sequence: Count
    found_sequence: Count


class IdConflict(EventModel):
    """The same event id arrived with other bytes: both are kept."""

    key_field: ClassVar[str] = "source"

    source: Identifier
    event_id: Identifier
    subject: str
    known_sha256: str
    found_sha256: str
