import gzip
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mts1b_operations.events.envelope import RawBatch
from mts1b_operations.events.streams import PARTITIONS, partition_of
from mts1b_operations.sources.files import (
    EventFileError,
    EventFileSource,
    EventFilesPartition,
    open_lines,
    recorded_events,
)

pytestmark = pytest.mark.unit

GOOD = b'{"subject": "mts.v1.portfolio.nav.alpha", "payload": {"nav": "1.10"}}\n'


def line(symbol: str, number: int) -> bytes:
    event = {"subject": f"mts.v1.marketdata.trade.{symbol}", "payload": {"n": number}}
    return json.dumps(event).encode() + b"\n"


def written(path: Path, *lines: bytes) -> Path:
    content = b"".join(lines)
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    return path


def ignore(_: int) -> None:
    """Progress that nobody watches."""


def reading(
    *paths: Path, resume: int | None = None, progress: Callable[[int], None] = ignore
) -> EventFilesPartition:
    source = EventFileSource(paths, 5, PARTITIONS, progress)
    return source.build_part("step", source.list_parts()[0], resume)


def drained(partition: EventFilesPartition) -> list[tuple[str, RawBatch]]:
    items: list[tuple[str, RawBatch]] = []
    while True:
        try:
            items += partition.next_batch()
        except StopIteration:
            return items


def payloads(items: list[tuple[str, RawBatch]]) -> list[bytes]:
    return [payload for _, batch in items for payload in batch.payloads]


@pytest.mark.parametrize("name", ["events.jsonl", "events.jsonl.gz"])
def test_lines_become_events_and_blank_ones_do_not(tmp_path: Path, name: str) -> None:
    path = written(tmp_path / name, GOOD, b"\n", b"  \r\n", GOOD.replace(b"\n", b"\r\n"))
    first, second = recorded_events(path)
    assert (first.number, second.number) == (1, 4)
    assert first.subject == "mts.v1.portfolio.nav.alpha"
    assert first.payload == second.payload == b'{"nav":"1.10"}'
    assert first.fault is second.fault is None


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        (b"nonsense", "Invalid JSON"),
        (b'{"subject": "a"', "Invalid JSON"),
        (b'{"subject": "a"}', "payload: Field required"),
        (b'{"payload": 1}', "subject: Field required"),
        (b'{"subject": 7, "payload": 1}', "subject: Input should be a valid string"),
        (b'{"subject": "a", "payload": 1, "time": 2}', "time: Extra inputs"),
        (b"[1]", "line: Input should be"),
        (b'{"subject": "\xff", "payload": 1}', "Invalid JSON"),
    ],
)
def test_a_broken_line_is_kept_with_its_reason(tmp_path: Path, broken: bytes, reason: str) -> None:
    path = written(tmp_path / "events.jsonl", GOOD, broken + b"\n", GOOD)
    before, bad, after = recorded_events(path)
    assert before.fault is after.fault is None
    assert bad.payload == broken
    assert bad.fault is not None
    assert reason in bad.fault


def test_a_fault_keeps_its_place_in_the_batch(tmp_path: Path) -> None:
    path = written(tmp_path / "events.jsonl", b"bad\n", line("IBM", 1), b"worse\n")
    batches = dict(drained(reading(path)))
    broken = batches[str(partition_of(""))]
    faults = [message.fault for message in broken.messages() if message.payload != b'{"n":1}']
    assert len(faults) == 2
    assert all(fault is not None and "expected a line" in fault for fault in faults)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(EventFileError, match=r"nowhere\.jsonl: No such file"):
        open_lines(tmp_path / "nowhere.jsonl")


def test_a_folder_is_no_event_file(tmp_path: Path) -> None:
    with pytest.raises(EventFileError, match="Is a directory"):
        open_lines(tmp_path)


def test_a_truncated_gz_file_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "events.jsonl.gz", *[line("IBM", n) for n in range(500)])
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(EventFileError, match=r"events\.jsonl\.gz.*end-of-stream"):
        list(recorded_events(path))


@pytest.mark.parametrize("at", [0, 12, -6])
def test_a_damaged_gz_file_is_refused(tmp_path: Path, at: int) -> None:
    path = written(tmp_path / "events.jsonl.gz", *[line("IBM", n) for n in range(500)])
    damaged = bytearray(path.read_bytes())
    damaged[at] ^= 0xFF
    path.write_bytes(damaged)
    with pytest.raises(EventFileError, match="expected a whole event file"):
        list(recorded_events(path))


def test_files_are_read_in_the_order_given(tmp_path: Path) -> None:
    later = written(tmp_path / "a.jsonl", line("IBM", 3))
    earlier = written(tmp_path / "b.jsonl.gz", line("IBM", 1), line("IBM", 2))
    items = drained(reading(earlier, later))
    assert payloads(items) == [b'{"n":1}', b'{"n":2}', b'{"n":3}']
    assert [(batch.stream, batch.sequences) for _, batch in items] == [
        ("b.jsonl.gz", [1, 2]),
        ("a.jsonl", [1]),
    ]


def test_events_take_the_arrival_time_that_was_given(tmp_path: Path) -> None:
    [(_, batch)] = drained(reading(written(tmp_path / "a.jsonl", line("IBM", 1))))
    assert batch.arrivals_ns == [5]


@pytest.mark.parametrize("stop", range(1, 3))
def test_reading_resumes_after_what_was_counted(tmp_path: Path, stop: int) -> None:
    lines = [line("IBM", number) for number in range(5000)]
    first = written(tmp_path / "a.jsonl", *lines[:1500], b"\n")
    second = written(tmp_path / "b.jsonl", *lines[1500:])
    whole = payloads(drained(reading(first, second)))
    partition = reading(first, second)
    before = [item for _ in range(stop) for item in partition.next_batch()]
    after = drained(reading(first, second, resume=partition.snapshot()))
    assert payloads(before) + payloads(after) == whole
    assert len(whole) == 5000


def test_progress_counts_events(tmp_path: Path) -> None:
    seen: list[int] = []
    path = written(tmp_path / "a.jsonl", *[line("IBM", number) for number in range(4100)])
    drained(reading(path, progress=seen.append))
    assert seen == [2000, 4000, 4100]


@given(st.lists(st.text("ABCxyz.%/é", min_size=1, max_size=6), min_size=1, max_size=20))
def test_an_event_goes_to_the_shard_of_its_last_token(
    tmp_path_factory: pytest.TempPathFactory, symbols: list[str]
) -> None:
    tokens = [symbol.replace(".", "%2E") for symbol in symbols]
    path = tmp_path_factory.mktemp("events") / "a.jsonl"
    written(path, *[line(token, number) for number, token in enumerate(tokens)])
    for shard, batch in drained(reading(path)):
        assert batch.partition == shard
        assert {str(partition_of(one.rpartition(".")[2])) for one in batch.subjects} == {shard}


def test_a_file_that_breaks_off_stops_the_reading(tmp_path: Path) -> None:
    good = written(tmp_path / "a.jsonl", line("IBM", 1))
    partition = reading(good, tmp_path / "gone.jsonl")
    with pytest.raises(EventFileError, match=r"gone\.jsonl"):
        drained(partition)
