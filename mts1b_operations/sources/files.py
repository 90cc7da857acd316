"""Recorded events: JSON lines `{"subject": …, "payload": …}`, optionally gzipped.

The same items as from JetStream come out, with the file in the stream's place and the line number
in the sequence's, so that the flows cannot tell the difference.
"""

import gzip
import io
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from bytewax.inputs import FixedPartitionedSource, StatefulSourcePartition
from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import to_json

from mts1b_operations.events.envelope import RawBatch
from mts1b_operations.events.streams import partition_of

Progress = Callable[[int], None]
"""Told how many events have been read so far."""

_LINES = 2000


class EventFileError(ValueError):
    """A file that cannot be opened or read."""


class _Line(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    subject: str
    payload: object


@dataclass(frozen=True, slots=True)
class RecordedEvent:
    """One line of an event file. `fault` says why the line cannot be read, if it cannot."""

    number: int
    subject: str
    payload: bytes
    fault: str | None = None


def open_lines(path: Path) -> io.BufferedReader | gzip.GzipFile:
    """Open an event file for reading bytes. Raises EventFileError with one clear line."""
    try:
        return gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb")
    except OSError as failure:
        raise EventFileError(
            f"expected a readable event file, found {path}: {failure.strerror}"
        ) from failure


def recorded_events(path: Path) -> Iterator[RecordedEvent]:
    """Read an event file line by line, blank lines aside. Raises EventFileError."""
    with open_lines(path) as lines:
        try:
            for number, line in enumerate(lines, start=1):
                if line.strip():
                    yield _recorded(number, line.rstrip(b"\r\n"))
        except (OSError, EOFError, zlib.error) as failure:
            raise EventFileError(
                f"expected a whole event file, found {path}: {failure}"
            ) from failure


def _recorded(number: int, line: bytes) -> RecordedEvent:
    try:
        fields = _Line.model_validate_json(line)
    except ValidationError as refused:
        error = refused.errors(include_url=False)[0]
        place = ".".join(str(part) for part in error["loc"]) or "line"
        reason = f'expected a line {{"subject": …, "payload": …}}, found {place}: {error["msg"]}'
        return RecordedEvent(number, "", line, reason)
    payload = to_json(fields.payload, inf_nan_mode="constants")
    return RecordedEvent(number, fields.subject, payload)


class EventFilesPartition(StatefulSourcePartition[tuple[str, RawBatch], int]):
    """Files, one after the other. Items are (shard, RawBatch); the position counts events."""

    def __init__(
        self,
        paths: Sequence[Path],
        arrival_ns: int,
        shards: int,
        progress: Progress,
        resume_state: int | None,
    ) -> None:
        self._arrival_ns = arrival_ns
        self._shards = shards
        self._progress = progress
        self._events = ((path.name, event) for path in paths for event in recorded_events(path))
        self._read = resume_state or 0
        for _ in islice(self._events, self._read):
            pass

    def next_batch(self) -> list[tuple[str, RawBatch]]:
        """Give the next events, a batch for each file and shard that they touch."""
        events = list(islice(self._events, _LINES))
        if not events:
            raise StopIteration
        self._read += len(events)
        self._progress(self._read)
        batches: dict[tuple[str, str], RawBatch] = {}
        for name, event in events:
            shard = self._shard(event.subject)
            self._append(batches.setdefault((name, shard), RawBatch(name, shard)), event)
        return [(shard, batch) for (_, shard), batch in batches.items()]

    def _shard(self, subject: str) -> str:
        return str(partition_of(subject.rpartition(".")[2], self._shards))

    def _append(self, batch: RawBatch, event: RecordedEvent) -> None:
        if event.fault is not None:
            batch.faults[len(batch)] = event.fault
        batch.subjects.append(event.subject)
        batch.payloads.append(event.payload)
        batch.sequences.append(event.number)
        batch.arrivals_ns.append(self._arrival_ns)
        batch.headers.append(b"")

    def snapshot(self) -> int:
        """Give the number of events read."""
        return self._read


class EventFileSource(FixedPartitionedSource[tuple[str, RawBatch], int]):
    """Reads event files, one after the other in the order given.

    `arrival_ns` stands for the time at which a stream would have taken the events: an event far
    after it is refused, as it would be live.
    """

    def __init__(
        self, paths: Sequence[Path], arrival_ns: int, shards: int, progress: Progress
    ) -> None:
        self._paths = list(paths)
        self._arrival_ns = arrival_ns
        self._shards = shards
        self._progress = progress

    def list_parts(self) -> list[str]:
        """Name the only partition: files are read in order, so that order means something."""
        return ["files"]

    def build_part(
        self,
        step_id: str,  # noqa: ARG002
        for_part: str,  # noqa: ARG002
        resume_state: int | None,
    ) -> EventFilesPartition:
        """Open the files from the beginning, or after the lines already read."""
        return EventFilesPartition(
            self._paths, self._arrival_ns, self._shards, self._progress, resume_state
        )
