"""One partition, polled as the engine would, on a real server that behaves."""

import threading
from collections.abc import Callable, Iterator

import pytest
from bytewax import operators as op
from bytewax.dataflow import Dataflow
from bytewax.testing import TestingSink, run_main
from pydantic import SecretStr

from mts1b_operations.events.envelope import RawBatch
from mts1b_operations.events.streams import EVENTS, MARKETDATA
from mts1b_operations.flows.market import filters
from mts1b_operations.local.nats import NatsServer
from mts1b_operations.sources.connection import Connection, ConnectionLostError, Credentials
from mts1b_operations.sources.consumer import Consumer, Subscription
from mts1b_operations.sources.jetstream import JetStreamPartition, JetStreamSource
from tests.integration.sources.scene import (
    ELSEWHERE,
    NAV,
    TRADE,
    Reader,
    last_sequence,
    limit,
    login,
    nav_reader,
    numbers,
    purge,
    store,
    trade_reader,
)
from tests.waiting import until

pytestmark = pytest.mark.integration


@pytest.fixture
def streams(bootstrapped: NatsServer) -> Iterator[NatsServer]:
    """The four streams, empty. Their sequences go on from test to test."""
    yield bootstrapped
    for stream in (EVENTS, MARKETDATA):
        limit(bootstrapped, stream, -1)
        purge(bootstrapped, stream)


@pytest.fixture
def quick_surveys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mts1b_operations.sources.consumer._SURVEY_S", 0.1)


def test_everything_is_read_in_order_with_its_subject(streams: NatsServer) -> None:
    store(streams, TRADE, numbers(0, 5000))
    reader = trade_reader(streams)
    reader.read(5000)
    store(streams, TRADE, numbers(5000, 8000))
    reader.read(8000)
    reader.stop()
    assert reader.payloads == numbers(0, 8000)
    assert reader.sequences == sorted(reader.sequences)
    assert set(reader.subjects) == {TRADE}
    assert reader.lost == []


def test_other_partitions_are_left_to_others(streams: NatsServer) -> None:
    store(streams, TRADE, numbers(0, 5))
    store(streams, ELSEWHERE, numbers(5, 9))
    ours, others = trade_reader(streams, "IBM"), trade_reader(streams, "AAPL")
    ours.read(5)
    others.read(4)
    assert (ours.payloads, others.payloads) == (numbers(0, 5), numbers(5, 9))
    ours.stop()
    others.stop()


@pytest.mark.parametrize("until_then", [1, 700, 2500])
def test_a_snapshot_resumes_with_exactly_the_rest(streams: NatsServer, until_then: int) -> None:
    store(streams, TRADE, numbers(0, 3000))
    first = trade_reader(streams)
    first.read(until_then)
    second = trade_reader(streams, snapshot=first.stop())
    store(streams, TRADE, numbers(3000, 3010))
    second.read(3010 - len(first.payloads))
    second.stop()
    assert first.payloads + second.payloads == numbers(0, 3010)
    assert second.lost == []


def test_headers_and_store_time_come_along(streams: NatsServer) -> None:
    with_header = b"NATS/1.0\r\nce-id: 7\r\n\r\n"
    connection = Connection.open(login(streams, "admin"), "h", 5.0)
    size = len(with_header)
    connection.send(b"HPUB %s %d %d\r\n%sab\r\n" % (NAV.encode(), size, size + 2, with_header))
    reader = nav_reader(streams)
    [(_, batch)] = until(reader.partition.next_batch)
    connection.close()
    reader.stop()
    [message] = batch.messages()
    assert (message.payload, message.headers) == (b"ab", with_header)
    assert message.arrival_ns > 1_600_000_000_000_000_000


def settle(reader: Reader, server: NatsServer) -> None:
    """Poll until the reader knows the stream's end."""
    end = last_sequence(server, MARKETDATA) + 1
    reader.read_until(lambda: reader.next_sequence >= end)


@pytest.mark.usefixtures("quick_surveys")
def test_a_reader_that_is_caught_up_sees_no_gap_after_a_purge(streams: NatsServer) -> None:
    store(streams, TRADE, numbers(0, 10))
    store(streams, ELSEWHERE, numbers(0, 500))
    running = trade_reader(streams)
    settle(running, streams)
    snapshot = running.partition.snapshot()
    purge(streams, MARKETDATA)
    restarted = trade_reader(streams, snapshot=snapshot)
    store(streams, TRADE, [b"after"])
    for reader in (running, restarted):
        settle(reader, streams)
        reader.stop()
        assert reader.payloads[-1] == b"after"
        assert reader.lost == []
    assert len(restarted.payloads) == 1


@pytest.mark.usefixtures("quick_surveys")
def test_an_idle_reader_sees_no_gap_when_its_neighbours_are_trimmed(streams: NatsServer) -> None:
    limit(streams, MARKETDATA, 300)
    store(streams, TRADE, numbers(0, 10))
    reader = trade_reader(streams)
    for _ in range(8):
        store(streams, ELSEWHERE, numbers(0, 100))
        settle(reader, streams)
    store(streams, TRADE, [b"after"])
    settle(reader, streams)
    reader.stop()
    assert reader.payloads == [*numbers(0, 10), b"after"]
    assert reader.lost == []


@pytest.mark.usefixtures("quick_surveys")
def test_control_an_idle_reader_that_is_overtaken_sees_a_gap(streams: NatsServer) -> None:
    limit(streams, MARKETDATA, 300)
    store(streams, TRADE, numbers(0, 10))
    reader = trade_reader(streams)
    settle(reader, streams)
    here = reader.next_sequence
    store(streams, ELSEWHERE, numbers(0, 1000))
    reader.read_until(lambda: reader.lost)
    reader.stop()
    [lost] = reader.lost
    assert (lost.expected, lost.found) == (here, last_sequence(streams, MARKETDATA) - 299)


@pytest.mark.parametrize(
    ("role", "password", "expected"),
    [
        ("flows", "wrong-password", "Authorization Violation"),
        ("nobody", "wrong-password", "Authorization Violation"),
    ],
)
def test_wrong_credentials_are_refused_without_naming_them(
    streams: NatsServer, role: str, password: str, expected: str
) -> None:
    credentials = Credentials(streams.url, role, SecretStr(password))
    with pytest.raises(ConnectionLostError, match=expected) as refused:
        Connection.open(credentials, "test", 5.0)
    assert password not in str(refused.value)


def test_a_role_that_may_not_read_is_told_so(streams: NatsServer) -> None:
    forbidden = Subscription(EVENTS, (NAV,))
    with pytest.raises(ConnectionLostError, match="Permissions Violation"):
        Consumer.connect(login(streams, "oms"), forbidden)


def test_a_stream_that_is_missing_is_named(streams: NatsServer) -> None:
    with pytest.raises(ConnectionLostError, match=r"stream info: .*'stream not found'"):
        Consumer.connect(login(streams, "admin"), Subscription("NOWHERE", (NAV,)))


def test_a_reader_waits_for_a_stream_that_is_not_there_yet(
    streams: NatsServer, caplog: pytest.LogCaptureFixture
) -> None:
    partition = JetStreamPartition(login(streams), Subscription("LATER", ("later",)), "later", None)
    reader = Reader(partition)
    reader.read_until(lambda: "lost its server and retries" in caplog.text)
    assert partition.snapshot() == b""
    partition.close()


def test_closing_while_it_opens_leaves_nothing_open(streams: NatsServer) -> None:
    for _ in range(20):
        nav_reader(streams).stop()
    until(lambda: not any("mts-source" in one.name for one in threading.enumerate()))


class EndingPartition(JetStreamPartition):
    """Ends the input when enough has been read."""

    enough: Callable[[], bool]

    def next_batch(self) -> list[tuple[str, RawBatch]]:
        if self.enough():
            raise StopIteration
        return super().next_batch()


class EndingSource(JetStreamSource):
    enough: Callable[[], bool]

    def build_part(
        self, step_id: str, for_part: str, resume_state: bytes | None
    ) -> JetStreamPartition:
        del step_id
        subscription = Subscription(self._stream, self._filters[for_part])
        partition = EndingPartition(self._credentials, subscription, for_part, resume_state)
        partition.enough = self.enough
        return partition


def test_the_engine_reads_every_partition(streams: NatsServer) -> None:
    symbols = [f"S{number}" for number in range(40)]
    for number, symbol in enumerate(symbols):
        store(streams, f"mts.v1.marketdata.trade.{symbol}", [b"%d" % number])
    read: list[tuple[str, RawBatch]] = []
    source = EndingSource(login(streams), MARKETDATA, filters())
    source.enough = lambda: sum(len(batch) for _, batch in read) >= len(symbols)
    flow = Dataflow("reading")
    op.output("out", op.input("in", flow, source), TestingSink(read))
    run_main(flow)  # type: ignore[no-untyped-call]
    pairs = [pair for _, one in read for pair in zip(one.subjects, one.payloads, strict=True)]
    assert len(pairs) == 40
    assert {(f"mts.v1.marketdata.trade.S{n}", b"%d" % n) for n in range(40)} == set(pairs)
    assert all(key == one.partition for key, one in read)
