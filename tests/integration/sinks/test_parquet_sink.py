from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from bytewax import operators as op
from bytewax.dataflow import Dataflow
from bytewax.testing import TestingSource

from mts1b_operations.events.envelope import Emission
from mts1b_operations.sinks.catalog import DATABASE, Catalog
from mts1b_operations.sinks.parquet import ParquetShard, ParquetSink
from mts1b_operations.sinks.parts import list_parts
from mts1b_operations.sinks.shard_count import ShardCountError
from tests.integration.sinks.scene import run
from tests.unit.sinks.samples import START, action, alert, emitted, gap, halt, reading, rejected
from tests.waiting import until

pytestmark = pytest.mark.integration


def query(root: Path, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(root / DATABASE, read_only=True) as connection:
        return connection.execute(sql).fetchall()


def ids(root: Path, table: str = "readings") -> list[str]:
    return [row[0] for row in query(root, f"SELECT event_id FROM {table}")]  # noqa: S608


def shard(root: Path, position: tuple[int, int] | None = None) -> ParquetShard:
    return ParquetSink(root).build_part("out", "0", position)


def epoch(part: ParquetShard, emissions: list[Emission]) -> tuple[int, int]:
    part.write_batch(emissions)
    return part.snapshot()


def test_every_kind_of_a_flow_is_in_its_table(tmp_path: Path) -> None:
    kinds = (reading, alert, action, halt, rejected, gap)
    items = [(f"K{n % 5}", make(n)) for n in range(20) for make in kinds]
    flow = Dataflow("parquet")
    op.output("out", op.input("in", flow, TestingSource(items)), ParquetSink(tmp_path))
    run(flow, timedelta(milliseconds=10))
    for table in ("readings", "alerts", "actions", "halts"):
        assert len(set(ids(tmp_path, table))) == len(ids(tmp_path, table)) == 20


def test_columns_have_types_and_values(tmp_path: Path) -> None:
    part = shard(tmp_path)
    epoch(part, [reading(1), reading(2, value=None)])
    part.close()
    described = query(tmp_path, "SELECT column_name, column_type FROM (DESCRIBE readings)")
    assert dict(described)["timestamp"] == "TIMESTAMP WITH TIME ZONE"
    assert dict(described)["value"] == "DOUBLE"
    rows = query(
        tmp_path,
        "SELECT epoch_us(timestamp), value, detail->>'bucket', day::VARCHAR FROM readings "
        "ORDER BY timestamp",
    )
    first = int(START.timestamp()) * 1_000_000
    assert rows == [
        (first + 1_000_000, 0.25, "1", "2026-03-02"),
        (first + 2_000_000, None, "2", "2026-03-02"),
    ]


def test_empty_tables_have_the_same_columns_as_full_ones(tmp_path: Path) -> None:
    sink = ParquetSink(tmp_path)
    describe = "SELECT column_name, column_type FROM (DESCRIBE halts)"
    before = query(tmp_path, describe)
    assert query(tmp_path, "SELECT count(*) FROM halts") == [(0,)]
    part = sink.build_part("out", "0", None)
    epoch(part, [halt(1)])
    part.close()
    assert query(tmp_path, describe) == before


def test_a_day_is_a_folder(tmp_path: Path) -> None:
    part = shard(tmp_path)
    later = reading(1).event.model_copy(update={"timestamp": START + timedelta(days=1)})
    epoch(part, [reading(1), emitted(later, "later")])
    days = [path.parent.name for path in list_parts(tmp_path)]
    assert days == ["day=2026-03-02", "day=2026-03-03"]


def crash_and_resume(root: Path) -> int:
    """Lose two epochs to a crash, write them again as one, and count the readings."""
    part = shard(root)
    committed = epoch(part, [reading(1)])
    epoch(part, [reading(2)])
    epoch(part, [reading(3)])
    part.close()
    resumed = shard(root, committed)
    epoch(resumed, [reading(2), reading(3)])
    resumed.close()
    return len(ids(root))


def test_a_crash_before_the_commit_counts_nothing_twice(tmp_path: Path) -> None:
    assert crash_and_resume(tmp_path) == 3


def test_control_without_the_roll_back_a_reading_counts_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ParquetSink, "_roll_back", lambda *_: None)
    assert crash_and_resume(tmp_path) == 4


def test_rolled_back_parts_leave_the_views_before_they_leave_the_disk(tmp_path: Path) -> None:
    part = shard(tmp_path)
    committed = epoch(part, [reading(1)])
    epoch(part, [reading(2)])
    part.close()
    shard(tmp_path, committed)
    assert ids(tmp_path) == [reading(1).event_id]


def test_a_crash_of_the_first_epoch_counts_nothing_twice(tmp_path: Path) -> None:
    epoch(shard(tmp_path), [reading(1), reading(2)])
    again = shard(tmp_path, None)
    epoch(again, [reading(1), reading(2), reading(3)])
    again.close()
    assert sorted(ids(tmp_path)) == sorted(reading(n).event_id for n in (1, 2, 3))


def test_a_lost_recovery_store_loses_no_history(tmp_path: Path) -> None:
    epoch(shard(tmp_path), [reading(1), reading(2)])
    begun_anew = shard(tmp_path, None)
    epoch(begun_anew, [reading(2)])
    begun_anew.close()
    assert sorted(ids(tmp_path)) == sorted(reading(n).event_id for n in (1, 2))


def test_an_epoch_that_did_not_end_is_not_written(tmp_path: Path) -> None:
    part = shard(tmp_path)
    part.write_batch([reading(1)])
    part.close()
    assert list_parts(tmp_path) == []


def test_half_written_files_are_removed_and_never_listed(tmp_path: Path) -> None:
    epoch(shard(tmp_path), [reading(1)])
    (whole,) = list_parts(tmp_path)
    half = whole.with_name("0-000001-000000001.unfinished")
    half.write_bytes(b"PAR1")
    assert list_parts(tmp_path) == [whole]
    shard(tmp_path, (1, 1))
    assert not half.exists()


def test_another_shard_is_left_alone(tmp_path: Path) -> None:
    sink = ParquetSink(tmp_path)
    other = sink.build_part("out", "1", None)
    epoch(other, [reading(1)])
    sink.build_part("out", "0", (1, 0)).close()
    other.close()
    assert len(ids(tmp_path)) == 1


def test_generations_follow_by_themselves(tmp_path: Path) -> None:
    part = ParquetSink(tmp_path, interval=0.05).build_part("out", "0", None)
    epoch(part, [reading(1)])
    until(lambda: len(ids(tmp_path)) == 1)
    epoch(part, [reading(2)])
    until(lambda: len(ids(tmp_path)) == 2)


def test_generations_are_throttled(tmp_path: Path) -> None:
    part = ParquetSink(tmp_path, interval=60.0).build_part("out", "0", None)
    generation = (tmp_path / DATABASE).stat().st_ino
    for number in range(5):
        epoch(part, [reading(number)])
    assert (tmp_path / DATABASE).stat().st_ino == generation
    part.close()
    assert len(ids(tmp_path)) == 5


def test_a_generation_that_fails_is_logged_once_and_made_up_for(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    part = ParquetSink(tmp_path, interval=0.02).build_part("out", "0", None)
    epoch(part, [reading(1)])
    (only,) = list_parts(tmp_path)
    whole = only.read_bytes()
    until(lambda: len(ids(tmp_path)) == 1)
    only.write_bytes(b"damaged")
    part._catalog.request()
    until(lambda: "no new generation" in caplog.text)
    only.write_bytes(whole)
    epoch(part, [reading(2)])
    until(lambda: len(ids(tmp_path)) == 2)
    assert caplog.text.count("no new generation") == 1


def test_a_moved_root_is_readable_after_a_publication(tmp_path: Path) -> None:
    part = shard(tmp_path / "it's here")
    epoch(part, [reading(1)])
    part.close()
    moved = (tmp_path / "it's here").rename(tmp_path / "there")
    Catalog(moved).publish()
    assert len(ids(moved)) == 1


def test_another_number_of_parts_is_refused(tmp_path: Path) -> None:
    ParquetSink(tmp_path, parts=4)
    with pytest.raises(ShardCountError, match="8 shards, found 4"):
        ParquetSink(tmp_path, parts=8)
    (tmp_path / "layout.json").write_text("{}")
    with pytest.raises(ShardCountError, match="damaged"):
        ParquetSink(tmp_path, parts=4)
