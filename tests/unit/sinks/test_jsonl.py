import json
from pathlib import Path
from typing import Any

import pytest
from bytewax import operators as op
from bytewax.dataflow import Dataflow
from bytewax.testing import TestingSource, run_main

from mts1b_operations.events.envelope import Emission
from mts1b_operations.sinks.jsonl import JsonLinesSink, ResumeNotSupportedError
from mts1b_operations.sinks.routing import UnroutedError
from tests.unit.sinks.samples import action, alert, emitted, gap, halt, reading, rejected

pytestmark = pytest.mark.unit

NAMES = ["actions", "alerts", "halts", "readings", "rejected"]


def write(directory: Path, emissions: list[Emission], batch_size: int = 3) -> None:
    flow = Dataflow("jsonl")
    source = TestingSource([("key", emission) for emission in emissions], batch_size)
    op.output("out", op.input("in", flow, source), JsonLinesSink(directory))
    run_main(flow)  # type: ignore[no-untyped-call]


def lines(directory: Path, name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (directory / f"{name}.jsonl").read_bytes().splitlines()]


def test_each_kind_has_its_file(tmp_path: Path) -> None:
    write(tmp_path, [reading(1), alert(1), action(1), halt(1), rejected(1), gap(1)])
    assert sorted(path.stem for path in tmp_path.iterdir()) == sorted([*NAMES, "gaps"])
    assert all(len(lines(tmp_path, name)) == 1 for name in [*NAMES, "gaps"])


def test_files_exist_when_nothing_was_written_but_none_for_gaps(tmp_path: Path) -> None:
    write(tmp_path / "new" / "out", [])
    assert sorted(path.stem for path in (tmp_path / "new" / "out").iterdir()) == NAMES


def test_a_line_is_the_contract_and_the_event_id(tmp_path: Path) -> None:
    emission = reading(7)
    write(tmp_path, [emission])
    expected = json.loads(emission.payload()) | {"id": emission.event_id}
    assert lines(tmp_path, "readings") == [expected]


def test_lines_keep_their_order_whatever_the_batches(tmp_path: Path) -> None:
    emissions = [make(number) for number in range(50) for make in (reading, alert, rejected)]
    write(tmp_path / "a", emissions, batch_size=1)
    write(tmp_path / "b", emissions, batch_size=64)
    for name in NAMES:
        first, second = (tmp_path / run / f"{name}.jsonl" for run in "ab")
        assert first.read_bytes() == second.read_bytes()
    buckets = [line["detail"]["bucket"] for line in lines(tmp_path / "a", "readings")]
    assert buckets == list(range(50))


def test_a_new_run_does_not_add_to_an_old_one(tmp_path: Path) -> None:
    write(tmp_path, [reading(1), gap(1)])
    write(tmp_path, [reading(2)])
    assert len(lines(tmp_path, "readings")) == 1
    assert not (tmp_path / "gaps.jsonl").exists()


def test_files_that_are_not_of_a_run_stay(tmp_path: Path) -> None:
    (tmp_path / "events.jsonl").write_text("input")
    write(tmp_path, [reading(1)])
    assert (tmp_path / "events.jsonl").read_text() == "input"


def test_a_kind_without_a_collection_is_refused_by_name(tmp_path: Path) -> None:
    part = JsonLinesSink(tmp_path).build_part("out", "0", None)
    stray = alert(1).event.evidence  # type: ignore[attr-defined]
    with pytest.raises(UnroutedError, match="found Evidence"):
        part.write_batch([Emission(stray, "id", "flow/test", reading(1).time)])


def test_a_snapshot_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ResumeNotSupportedError, match="without a recovery store"):
        JsonLinesSink(tmp_path).build_part("out", "0", 7)


def test_a_disk_that_refuses_is_an_error_of_the_write(tmp_path: Path) -> None:
    part = JsonLinesSink(tmp_path).build_part("out", "0", None)
    (tmp_path / "readings.jsonl").unlink()
    (tmp_path / "readings.jsonl").mkdir()
    with pytest.raises(IsADirectoryError):
        part.write_batch([emitted(reading(1).event, 1)])
    part.close()
