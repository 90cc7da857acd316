"""What the sinks rely on in Bytewax: when a partition is asked for its snapshot, or closed."""

from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from bytewax import operators as op
from bytewax.dataflow import Dataflow
from bytewax.outputs import FixedPartitionedSink, StatefulSinkPartition
from bytewax.testing import TestingSource, run_main

pytestmark = pytest.mark.unit


@dataclass
class Diary(FixedPartitionedSink[str, int]):
    """Notes what the engine asks of each partition; a partition's name is its key."""

    notes: list[str] = field(default_factory=list)

    def list_parts(self) -> list[str]:
        return ["0", "1", "2"]

    def part_fn(self, item_key: str) -> int:
        return int(item_key)

    def build_part(self, step_id: str, for_part: str, resume_state: int | None) -> "DiaryPart":
        del step_id, resume_state
        return DiaryPart(for_part, self.notes)


@dataclass
class DiaryPart(StatefulSinkPartition[str, int]):
    name: str
    notes: list[str]

    def write_batch(self, values: list[str]) -> None:
        self.notes += [f"write {self.name}:{value}" for value in values]
        if "bad" in values:
            raise ValueError("bad value")

    def snapshot(self) -> int:
        self.notes.append(f"snapshot {self.name}")
        return 0

    def close(self) -> None:
        self.notes.append(f"close {self.name}")


def diary_of(items: list[tuple[str, str]]) -> list[str]:
    diary = Diary()
    flow = Dataflow("diary")
    op.output("out", op.input("in", flow, TestingSource(items)), diary)
    try:
        run_main(flow, epoch_interval=timedelta(0))  # type: ignore[no-untyped-call]
    except ValueError as error:
        diary.notes.append(f"raised {error}")
    return diary.notes


def test_only_the_written_partition_is_asked_at_the_end_of_an_epoch() -> None:
    assert diary_of([("0", "a"), ("1", "b")])[:4] == [
        "write 0:a",
        "snapshot 0",
        "write 1:b",
        "snapshot 1",
    ]


def test_the_end_of_input_is_an_end_of_epoch_and_then_closes() -> None:
    assert diary_of([("0", "a")]) == ["write 0:a", "snapshot 0", "close 0"]


def test_an_error_closes_every_partition_without_a_snapshot() -> None:
    notes = diary_of([("0", "a"), ("1", "bad")])
    assert notes[2:5] == ["write 1:bad", "close 0", "close 1"]
    assert "bad value" in notes[5]


def test_a_partition_without_items_is_never_built() -> None:
    assert not [note for note in diary_of([("0", "a")]) if "2" in note]
