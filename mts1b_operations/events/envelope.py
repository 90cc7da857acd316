"""What travels around a contract: CloudEvents headers outward, raw micro-batches inward.

CloudEvents 1.0, NATS protocol binding, binary content mode: attributes are headers, the payload
is the contract's JSON alone.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from mts1b_operations.events.canonical import digest
from mts1b_operations.events.fields import EventModel, rfc3339
from mts1b_operations.events.subjects import spec_of, subject_of

MESSAGE_ID = "Nats-Msg-Id"

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where an event came from: its place in a stream, and when the stream took it (or None)."""

    stream: str
    sequence: int
    arrival: datetime | None = None


@dataclass(frozen=True, slots=True)
class Emission:
    """An event on its way out. `source` is the actor; `event_id` makes a repeat recognisable."""

    event: EventModel
    event_id: str
    source: str
    time: datetime

    @property
    def subject(self) -> str:
        """Give the subject on which the event travels."""
        return subject_of(self.event)

    def payload(self) -> bytes:
        """Write the contract as JSON."""
        return self.event.model_dump_json(exclude_none=False).encode()

    def headers(self) -> dict[str, str]:
        """Give the CloudEvents attributes and the id by which JetStream drops repeats."""
        return {
            MESSAGE_ID: self.event_id,
            "ce-specversion": "1.0",
            "ce-id": self.event_id,
            "ce-source": self.source,
            "ce-type": f"mts.v1.{spec_of(type(self.event)).name}",
            "ce-time": rfc3339(self.time),
        }


@dataclass(frozen=True, slots=True)
class RawMessage:
    """One message as it was stored, not yet trusted. `fault`: why it cannot even be read.

    `headers` is the block as it came, from `NATS/1.0` to the empty line; b"" without any.
    """

    subject: str
    payload: bytes
    sequence: int
    arrival_ns: int
    headers: bytes = b""
    fault: str | None = None

    @property
    def arrival(self) -> datetime:
        """Give the moment at which the stream (or the reader of a file) took it, in UTC."""
        return _EPOCH + timedelta(microseconds=self.arrival_ns // 1000)


@dataclass(frozen=True, slots=True)
class RawBatch:
    """Messages of one partition in stream order: the item that sources emit.

    Columns have equal length; subjects are as published (without the partition token); `faults`
    names, by index, what a source could not even read. A gap is a batch without messages: `lost`
    says what the source will never see, and `noticed_ns` when it found out.
    """

    stream: str
    partition: str
    subjects: list[str] = field(default_factory=list)
    payloads: list[bytes] = field(default_factory=list)
    sequences: list[int] = field(default_factory=list)
    arrivals_ns: list[int] = field(default_factory=list)
    headers: list[bytes] = field(default_factory=list)
    faults: dict[int, str] = field(default_factory=dict)
    lost: "LostRange | None" = None
    noticed_ns: int = 0

    def __len__(self) -> int:
        return len(self.payloads)

    def messages(self) -> Iterator[RawMessage]:
        """Go through the batch, message by message."""
        columns = zip(
            self.subjects,
            self.payloads,
            self.sequences,
            self.arrivals_ns,
            self.headers,
            strict=True,
        )
        for index, column in enumerate(columns):
            yield RawMessage(*column, self.faults.get(index))


@dataclass(frozen=True, slots=True)
class LostRange:
    """Sequences that were expected and cannot be had: [expected, found)."""

    reason: str
    expected: int
    found: int


def header(block: bytes, name: str) -> str | None:
    """Find a header in a block of them, by its exact name. None where it is not there."""
    wanted = name.encode() + b":"
    for line in block.split(b"\r\n"):
        if line.startswith(wanted):
            return line[len(wanted) :].strip().decode(errors="replace")
    return None


def identified(event: EventModel, time: datetime, source: str, *identity: object) -> Emission:
    """Give `event` the id that follows from `identity`: the same facts, the same id, always."""
    return Emission(event, digest(spec_of(type(event)).name, *identity), source, time)
