"""Writes emissions as JSON lines, one file a kind: what a backtest leaves behind."""

from collections.abc import Sequence
from pathlib import Path

from bytewax.outputs import FixedPartitionedSink, StatefulSinkPartition

from mts1b_operations.events.envelope import Emission
from mts1b_operations.sinks.routing import (
    ACTIONS,
    ALERTS,
    COLLECTIONS,
    HALTS,
    READINGS,
    REJECTED,
    collection_of,
)

ALWAYS_THERE = (READINGS, ALERTS, ACTIONS, HALTS, REJECTED)
"""The files that exist after a run even when nothing was written to them."""


class ResumeNotSupportedError(RuntimeError):
    """JSON lines were asked to go on from a snapshot, which only bounded runs without one use."""


class JsonLinesSink(FixedPartitionedSink[Emission, None]):
    """Writes `(key, Emission)` into `<directory>/<collection>.jsonl`, in order of arrival.

    A line is the contract's JSON with the event id as `id` beside its fields. One partition, so
    that the order is that of the dataflow; one process. Making the sink creates the directory
    and the files of `names`, and removes those of an earlier run. Another collection's
    file, such as `gaps`, exists only when something was written to it. Raises OSError.
    """

    def __init__(self, directory: Path, names: Sequence[str] = ALWAYS_THERE) -> None:
        self._directory = directory
        directory.mkdir(parents=True, exist_ok=True)
        for name in COLLECTIONS:
            _file(directory, name).unlink(missing_ok=True)
        for name in names:
            _file(directory, name).touch()

    def list_parts(self) -> list[str]:
        """Name the only partition."""
        return ["0"]

    def build_part(self, step_id: str, for_part: str, resume_state: object) -> "JsonLinesPartition":
        """Open the partition. Raises ResumeNotSupportedError for a snapshot."""
        del for_part
        if resume_state is not None:
            raise ResumeNotSupportedError(
                f"{step_id}: expected a run from the beginning, found a snapshot; run backtests "
                "without a recovery store"
            )
        return JsonLinesPartition(self._directory)


class JsonLinesPartition(StatefulSinkPartition[Emission, None]):
    """Appends each batch; no file stays open, so an error surfaces where it happens."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def write_batch(self, values: list[Emission]) -> None:
        """Append one line for each emission. Raises OSError when the disk does not take it."""
        lines: dict[str, list[bytes]] = {}
        for emission in values:
            lines.setdefault(collection_of(emission.event), []).append(_line(emission))
        for name, written in lines.items():
            with _file(self._directory, name).open("ab") as file:
                file.writelines(written)

    def snapshot(self) -> None:
        """Keep nothing: a bounded run starts again from its beginning."""


def _file(directory: Path, name: str) -> Path:
    return directory / f"{name}.jsonl"


def _line(emission: Emission) -> bytes:
    fields = emission.payload().removesuffix(b"}")
    return b'%s,"id":"%s"}\n' % (fields, emission.event_id.encode())
