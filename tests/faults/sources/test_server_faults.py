"""nats-server is killed, stopped or silent while a partition is being read."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from mts1b_operations.events.streams import EVENTS, MARKETDATA
from mts1b_operations.local.nats import NatsServer
from mts1b_operations.sources.connection import Connection
from mts1b_operations.sources.position import Position
from tests.integration.sources.scene import (
    NAV,
    TRADE,
    Reader,
    create_streams,
    last_sequence,
    login,
    nav_reader,
    numbers,
    send_all,
    store,
    trade_reader,
)

pytestmark = pytest.mark.fault

PAUSE = threading.Event()
"""Never set: waiting for it with a timeout paces a publisher."""


class Publishing(threading.Thread):
    """Publishes numbers until it is told to stop, through every restart of the server."""

    def __init__(self, server: NatsServer, subject: str) -> None:
        super().__init__(daemon=True)
        self._server = server
        self._subject = subject
        self._over = threading.Event()
        self.sent = 0

    def run(self) -> None:
        while not self._over.is_set():
            try:
                self._publish()
            except OSError:
                PAUSE.wait(0.01)

    def _publish(self) -> None:
        connection = Connection.open(login(self._server, "admin"), "p", 2.0)
        try:
            while not self._over.is_set():
                self.sent += 10
                batch = numbers(self.sent - 10, self.sent)
                send_all(connection, self._subject, batch)
        finally:
            connection.close()

    def finish(self) -> None:
        self._over.set()
        self.join(10)
        assert not self.is_alive()


@contextmanager
def publishing(server: NatsServer, subject: str) -> Iterator[Publishing]:
    thread = Publishing(server, subject)
    thread.start()
    try:
        yield thread
    finally:
        thread.finish()


@contextmanager
def stopped(server: NatsServer) -> Iterator[None]:
    """Hold the server as a debugger or a starved machine would: connected and silent."""
    os.kill(server.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(server.pid, signal.SIGCONT)


def read_from_the_start(server: NatsServer, stream: str, reader: Reader) -> Reader:
    """Read all that the stream holds now."""
    end = last_sequence(server, stream)
    reader.read_until(lambda: reader.sequences and reader.sequences[-1] == end)
    reader.stop()
    return reader


def test_nothing_is_lost_or_double_through_kills_under_publishing(nats_server: NatsServer) -> None:
    create_streams(nats_server)
    reader = nav_reader(nats_server)
    with publishing(nats_server, NAV):
        for wanted in (500, 1000, 1500):
            reader.read(wanted)
            nats_server.kill()
            nats_server.start()
        reader.read(2000)
    end = last_sequence(nats_server, EVENTS)
    reader.read_until(lambda: reader.sequences[-1] == end)
    reader.stop()
    whole = read_from_the_start(nats_server, EVENTS, nav_reader(nats_server))
    assert reader.payloads == whole.payloads
    assert reader.sequences == whole.sequences == list(range(1, end + 1))
    assert reader.lost == []


def test_silence_longer_than_the_heartbeat_loses_nothing(nats_server: NatsServer) -> None:
    create_streams(nats_server)
    store(nats_server, NAV, numbers(0, 100))
    reader = nav_reader(nats_server)
    reader.read(100)
    start = time.monotonic()
    with stopped(nats_server):
        reader.read_until(lambda: reader.partition._consumer is None)
        assert 3.0 < time.monotonic() - start < 5.0
    store(nats_server, NAV, numbers(100, 200))
    reader.read(200)
    reader.stop()
    assert reader.payloads == numbers(0, 200)
    assert reader.lost == []


def durations(reader: Reader, seconds: float) -> list[float]:
    """Time the calls of `next_batch` for a while."""
    taken: list[float] = []
    end = time.perf_counter() + seconds
    while (start := time.perf_counter()) < end:
        reader.partition.next_batch()
        taken.append(time.perf_counter() - start)
        # The engine would not come back sooner.
        PAUSE.wait(0.0005)
    return sorted(taken)


def p99(taken: list[float]) -> float:
    return taken[len(taken) * 99 // 100]


def test_a_call_takes_at_most_five_milliseconds_whatever_the_server_does(
    nats_server: NatsServer,
) -> None:
    create_streams(nats_server)
    reader = trade_reader(nats_server)
    with publishing(nats_server, TRADE):
        reader.read(1000)
        assert p99(durations(reader, 1.0)) < 0.005
        with stopped(nats_server):
            assert p99(durations(reader, 4.5)) < 0.005
        nats_server.kill()
        assert p99(durations(reader, 1.5)) < 0.005
    reader.stop()


def cut_short(server: NatsServer) -> tuple[Reader, bytes, int]:
    """Kill the server so that it forgets what the reader has read; try until it does.

    Gives the reader, its snapshot, and where the stream ends now.
    """
    for _ in range(8):
        reader = trade_reader(server)
        with publishing(server, TRADE) as publisher:
            reader.read(last_sequence(server, MARKETDATA) + 1000)
            server.kill()
            publisher.finish()
        reader.poll()
        snapshot = reader.stop()
        server.start()
        end = last_sequence(server, MARKETDATA)
        if end < reader.sequences[-1]:
            return reader, snapshot, end
    raise AssertionError("expected a kill to cost the stream its end, found none in 8")


NEW = [b"new %d" % number for number in range(3000)]


def test_a_stream_that_a_crash_cut_short_is_read_on_where_it_counts_anew(
    nats_server: NatsServer,
) -> None:
    create_streams(nats_server)
    before, snapshot, end = cut_short(nats_server)
    store(nats_server, TRADE, NEW)
    assert last_sequence(nats_server, MARKETDATA) > before.sequences[-1]
    after = trade_reader(nats_server, snapshot=snapshot)
    after.read(len(NEW))
    after.stop()
    assert after.payloads == NEW
    [lost] = after.lost
    assert (lost.expected, lost.found) == (before.sequences[-1] + 1, end + 1)
    assert "lost its end" in lost.reason


def test_control_without_the_last_message_read_the_new_ones_are_skipped_in_silence(
    nats_server: NatsServer,
) -> None:
    create_streams(nats_server)
    _, snapshot, _ = cut_short(nats_server)
    store(nats_server, TRADE, NEW)
    position = replace(Position.from_bytes(snapshot), last_read=None)
    after = trade_reader(nats_server, snapshot=position.to_bytes())
    after.read_until(lambda: after.payloads[-1:] == NEW[-1:])
    after.stop()
    assert len(after.payloads) < len(NEW)
    assert after.lost == []


def test_a_reader_that_is_not_polled_does_not_grow(nats_server: NatsServer) -> None:
    create_streams(nats_server)
    reader = trade_reader(nats_server)
    reader.read_until(lambda: reader.next_sequence)
    chunk = [b"x" * 100] * 10_000
    store(nats_server, TRADE, chunk)
    before = resident_bytes()
    for _ in range(99):
        store(nats_server, TRADE, chunk)
    assert last_sequence(nats_server, MARKETDATA) == 1_000_000
    assert resident_bytes() - before < 20_000_000
    reader.read(20_000)
    reader.stop()
    assert reader.sequences == list(range(1, len(reader.sequences) + 1))
    assert reader.lost == []


def resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
