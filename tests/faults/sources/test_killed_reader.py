"""The engine's process is killed in mid-stream: what its state has seen is exact."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from mts1b_operations.local.nats import NatsServer
from tests.integration.sources.scene import TRADE, create_streams, numbers, store
from tests.waiting import until

pytestmark = pytest.mark.fault

CHUNK = 2000
CHUNKS = 40
WHOLE = CHUNK * CHUNKS


@contextmanager
def counting(server: NatsServer, folder: Path, *memory: str) -> "Iterator[subprocess.Popen[bytes]]":
    """Run the counting flow until it is killed."""
    (folder / "recovery").mkdir(exist_ok=True)
    paths = [str(folder / name) for name in ("recovery", "out")]
    arguments = [server.url, server.passwords["flows"], *paths]
    command = [sys.executable, "-m", "tests.faults.sources.counting_flow", *arguments, *memory]
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        yield process
    finally:
        process.kill()
        process.wait(10)


def seen(folder: Path) -> tuple[int, int]:
    """Give the last count that was written."""
    out = folder / "out"
    lines = out.read_text().splitlines() if out.exists() else []
    whole = [line for line in lines if line.count(" ") == 1]
    return tuple(map(int, whole[-1].split())) if whole else (0, 0)  # type: ignore[return-value]


def counted_through_a_kill(server: NatsServer, folder: Path, *memory: str) -> None:
    """Publish everything; kill the flow in the middle, with more to come and under way."""
    chunks = [numbers(CHUNK * one, CHUNK * (one + 1)) for one in range(CHUNKS)]
    with counting(server, folder, *memory) as process:
        for number, chunk in enumerate(chunks[: CHUNKS // 2]):
            store(server, TRADE, chunk)
            # Whatever has been published so far is seen in part, and snapshots have been made.
            until(lambda number=number: seen(folder)[0] > CHUNK * (number - 2), 30)  # type: ignore[misc]
        assert process.poll() is None
    assert seen(folder)[0] < WHOLE
    for chunk in chunks[CHUNKS // 2 :]:
        store(server, TRADE, chunk)


def test_what_was_seen_is_exact(nats_server: NatsServer, tmp_path: Path) -> None:
    create_streams(nats_server)
    counted_through_a_kill(nats_server, tmp_path)
    with counting(nats_server, tmp_path):
        until(lambda: seen(tmp_path)[0] >= WHOLE, 30)
    assert seen(tmp_path) == (WHOLE, sum(range(WHOLE)))


def test_control_a_source_without_a_position_counts_twice(
    nats_server: NatsServer, tmp_path: Path
) -> None:
    create_streams(nats_server)
    counted_through_a_kill(nats_server, tmp_path, "forget")
    with counting(nats_server, tmp_path, "forget"):
        until(lambda: seen(tmp_path)[0] > WHOLE, 30)
