"""A scenario as a file: readable line by line, equal for equal events."""

import gzip
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mts1b_operations.local.market.event_file import write_event_file
from mts1b_operations.local.market.scenario import simulate

pytestmark = pytest.mark.unit

EMISSIONS = simulate(seed=5, end=datetime(2026, 3, 2, 22, tzinfo=UTC)).emissions[:200]


def test_a_line_holds_subject_and_payload(tmp_path: Path) -> None:
    path = tmp_path / "past.jsonl"
    assert write_event_file(EMISSIONS, path) == len(EMISSIONS)
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert [line["subject"] for line in lines] == [one.subject for one in EMISSIONS]
    assert lines[-1]["payload"] == json.loads(EMISSIONS[-1].payload())


def test_a_gz_suffix_compresses_and_repeats_byte_for_byte(tmp_path: Path) -> None:
    first, second = tmp_path / "a.jsonl.gz", tmp_path / "b.jsonl.gz"
    write_event_file(EMISSIONS, first)
    write_event_file(EMISSIONS, second)
    assert first.read_bytes() == second.read_bytes()
    assert len(gzip.decompress(first.read_bytes()).splitlines()) == len(EMISSIONS)
