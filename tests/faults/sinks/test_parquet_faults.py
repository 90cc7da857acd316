"""Readers beside a writer, and a writer that dies by SIGKILL."""

import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import duckdb
import pytest

from mts1b_operations.sinks.catalog import DATABASE
from mts1b_operations.sinks.parquet import ParquetSink
from mts1b_operations.sinks.parts import list_parts
from tests.faults.sinks import parquet_process
from tests.unit.sinks.samples import reading
from tests.waiting import until

pytestmark = pytest.mark.fault

REPOSITORY = Path(__file__).parents[3]
READER = """
import sys, duckdb
counts = []
print("ready", flush=True)
for _ in range(int(sys.argv[2])):
    with duckdb.connect(sys.argv[1], read_only=True) as connection:
        counts.append(connection.execute("SELECT count(*) FROM readings").fetchone()[0])
print(min(counts), max(counts), counts == sorted(counts))
"""


def read_beside(database: Path, queries: int, write: Callable[[], None]) -> tuple[int, str, str]:
    """Query in another process until it is done, calling `write` all the time."""
    argv = [sys.executable, "-c", READER, str(database), str(queries)]
    with subprocess.Popen(
        argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as reader:
        while reader.poll() is None:
            write()
        out, err = reader.communicate(timeout=30)
    return reader.returncode, out, err


def test_readers_see_whole_generations_and_meet_no_lock(tmp_path: Path) -> None:
    part = ParquetSink(tmp_path, interval=0.05).build_part("out", "0", None)
    numbers = iter(range(10_000_000))

    def write() -> None:
        part.write_batch([reading(next(numbers)) for _ in range(10)])
        part.snapshot()
        time.sleep(0.02)

    code, out, err = read_beside(tmp_path / DATABASE, 60, write)
    part.close()
    assert (code, err) == (0, "")
    least, most, growing = out.split()[1:]
    assert int(least) % 10 == int(most) % 10 == 0
    assert int(most) > int(least)
    assert growing == "True"


def test_control_a_reader_beside_an_open_writer_meets_its_lock(tmp_path: Path) -> None:
    database = tmp_path / "one.duckdb"
    with duckdb.connect(database) as connection:
        connection.execute("CREATE TABLE readings (value DOUBLE)")

        def write() -> None:
            connection.execute("INSERT INTO readings VALUES (1)")

        code, _, err = read_beside(database, 5, write)
    assert code != 0
    assert "lock" in err


def start(root: Path, recovery: Path) -> subprocess.Popen[bytes]:
    argv = [sys.executable, parquet_process.__file__, str(root), str(recovery)]
    return subprocess.Popen(argv, cwd=REPOSITORY, env={"PYTHONPATH": str(REPOSITORY)})


def has_more_parts(root: Path, count: int) -> bool:
    return len(list_parts(root)) > count


def test_a_killed_writer_counts_every_reading_once(tmp_path: Path) -> None:
    root, recovery = tmp_path / "root", tmp_path / "recovery"
    for enough in (40, 120):
        with start(root, recovery) as process:
            until(partial(has_more_parts, root, enough), 30)
            assert process.poll() is None
            process.kill()
    with start(root, recovery) as process:
        assert process.wait(60) == 0
    with duckdb.connect(root / DATABASE, read_only=True) as connection:
        rows = connection.execute("SELECT event_id FROM readings").fetchall()
    expected = sorted(emission.event_id for emission in parquet_process.READINGS)
    assert sorted(row[0] for row in rows) == expected
