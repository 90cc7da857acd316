"""What a stream loses under a reader, or while it is away, is a gap and never silence."""

import pytest

from mts1b_operations.events.streams import EVENTS
from mts1b_operations.local.nats import NatsServer
from mts1b_operations.sources.position import Position
from tests.integration.sources.scene import (
    BESIDE,
    NAV,
    create,
    create_streams,
    delete,
    last_sequence,
    nav_reader,
    numbers,
    purge,
    store,
)

pytestmark = [pytest.mark.fault, pytest.mark.usefixtures("quick_surveys")]


@pytest.fixture
def quick_surveys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mts1b_operations.sources.consumer._SURVEY_S", 0.2)


@pytest.fixture
def small_pulls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mts1b_operations.sources.consumer._PULL", 100)


@pytest.fixture
def server(nats_server: NatsServer) -> NatsServer:
    create_streams(nats_server)
    return nats_server


@pytest.mark.usefixtures("small_pulls")
@pytest.mark.parametrize("below", [None, 900])
def test_a_purge_under_a_reader_with_a_backlog(server: NatsServer, below: int | None) -> None:
    store(server, NAV, numbers(1, 1001))
    reader = nav_reader(server)
    reader.read_until(lambda: reader.partition._consumer is not None)
    # Asked for a hundred, not polled since.
    purge(server, EVENTS, below)
    store(server, NAV, [b"after"])
    reader.read_until(lambda: reader.lost and reader.payloads[-1:] == [b"after"])
    reader.stop()
    [lost] = reader.lost
    unread = set(range(1, 1001)) - set(reader.sequences)
    assert len(unread) > 700
    assert unread <= set(range(lost.expected, lost.found))
    assert lost.found == (below or 1001)
    assert "before they were read" in lost.reason


@pytest.mark.parametrize("below", [None, 900])
def test_a_purge_while_the_reader_is_stopped(server: NatsServer, below: int | None) -> None:
    store(server, NAV, numbers(0, 500))
    first = nav_reader(server)
    first.read(500)
    snapshot = first.stop()
    store(server, NAV, numbers(500, 1000))
    purge(server, EVENTS, below)
    store(server, NAV, [b"after"])
    second = nav_reader(server, snapshot)
    second.read_until(lambda: second.payloads[-1:] == [b"after"])
    second.stop()
    [lost] = second.lost
    assert (lost.expected, lost.found) == (501, below or 1001)
    assert second.sequences == list(range(lost.found, 1002))


@pytest.mark.parametrize("count", [0, 60, 300])
def test_a_stream_that_is_made_again_under_the_reader(server: NatsServer, count: int) -> None:
    store(server, NAV, numbers(0, 100))
    reader = nav_reader(server)
    reader.read(100)
    delete(server, EVENTS)
    create(server, EVENTS)
    store(server, NAV, [*numbers(1000, 1000 + count), b"after"])
    reader.read_until(lambda: reader.payloads[-1:] == [b"after"])
    reader.stop()
    [lost] = reader.lost
    assert (lost.expected, lost.found) == (101, 1)
    assert reader.payloads == [*numbers(0, 100), *numbers(1000, 1000 + count), b"after"]


@pytest.mark.parametrize("count", [0, 60, 300])
def test_a_stream_that_is_made_again_while_the_reader_is_stopped(
    server: NatsServer, count: int
) -> None:
    store(server, NAV, numbers(0, 100))
    first = nav_reader(server)
    first.read(100)
    snapshot = first.stop()
    delete(server, EVENTS)
    create(server, EVENTS)
    store(server, NAV, [*numbers(1000, 1000 + count), b"after"])
    second = nav_reader(server, snapshot)
    second.read_until(lambda: second.payloads[-1:] == [b"after"])
    second.stop()
    [lost] = second.lost
    assert (lost.expected, lost.found) == (101, 1)
    assert "created again" in lost.reason
    assert second.payloads == [*numbers(1000, 1000 + count), b"after"]


def test_a_stream_that_is_shorter_than_the_position(server: NatsServer) -> None:
    store(server, NAV, numbers(0, 100))
    first = nav_reader(server)
    first.read(100)
    position = Position.from_bytes(first.stop())
    ahead = Position(position.created, 151).to_bytes()
    second = nav_reader(server, ahead)
    second.read_until(lambda: second.lost)
    store(server, NAV, [b"after"])
    second.read(1)
    second.stop()
    [lost] = second.lost
    assert (lost.expected, lost.found) == (151, 101)
    assert second.payloads == [b"after"]


def test_control_the_server_itself_says_nothing(server: NatsServer) -> None:
    store(server, NAV, numbers(0, 100))
    purge(server, EVENTS)
    # A position with nothing to compare: the reader of a stream that it does not know.
    reader = nav_reader(server)
    store(server, NAV, [b"after"])
    reader.read(1)
    reader.stop()
    assert reader.lost == []
    assert reader.sequences == [101]


def test_control_a_purge_of_what_was_read_is_no_loss(server: NatsServer) -> None:
    store(server, NAV, numbers(0, 100))
    store(server, BESIDE, numbers(0, 100))
    reader = nav_reader(server)
    reader.read_until(lambda: reader.next_sequence == 201)
    purge(server, EVENTS)
    store(server, BESIDE, [b"x"])
    reader.read_until(lambda: reader.next_sequence == last_sequence(server, EVENTS) + 1)
    reader.stop()
    assert reader.lost == []
