import pytest

from mts1b_operations.sources.answers import (
    consumer_info,
    delivery_number,
    is_delivery,
    place_of,
    stream_state,
)
from mts1b_operations.sources.connection import ConnectionLostError
from mts1b_operations.sources.framing import Frame
from mts1b_operations.sources.position import Place, StreamState

pytestmark = pytest.mark.unit


def test_a_stream_is_described() -> None:
    answer = b'{"created": "then", "state": {"messages": 3, "first_seq": 4, "last_seq": 6}}'
    assert stream_state(answer) == StreamState("then", 4, 6)


def test_a_consumer_is_described() -> None:
    info = consumer_info(b'{"num_pending": 7, "delivered": {"consumer_seq": 2, "stream_seq": 9}}')
    assert (info.num_pending, info.delivered.consumer_seq) == (7, 2)


def test_a_refusal_is_quoted() -> None:
    refused = b'{"error": {"code": 404, "description": "stream not found"}}'
    with pytest.raises(ConnectionLostError, match=r"stream info: .* 'stream not found'"):
        stream_state(refused)
    with pytest.raises(ConnectionLostError, match=r"consumer: .* 'stream not found'"):
        consumer_info(refused)


@pytest.mark.parametrize("answer", [b"", b"{}", b"[]", b"\xff", b'{"state": 1}'])
def test_an_answer_of_somebody_else_is_quoted(answer: bytes) -> None:
    with pytest.raises(ConnectionLostError, match="expected an answer of JetStream, found"):
        stream_state(answer)


@pytest.mark.parametrize(
    "reply",
    [
        "$JS.ACK.STREAM.consumer.1.41.7.1700000000000000001.5",
        "$JS.ACK.domain.ACCOUNT.STREAM.consumer.1.41.7.1700000000000000001.5",
        "$JS.ACK.domain.ACCOUNT.STREAM.consumer.1.41.7.1700000000000000001.5.token",
    ],
)
def test_a_delivery_says_where_it_is_stored(reply: str) -> None:
    frame = Frame("MSG", "a", reply)
    assert is_delivery(frame)
    assert place_of(frame) == Place(41, 1700000000000000001)
    assert delivery_number(frame) == 7


@pytest.mark.parametrize("reply", ["$JS.ACK.", "$JS.ACK.a.b.c.d.e.f.g", "$JS.ACK.1.2"])
def test_a_place_that_cannot_be_read_costs_the_connection_and_no_more(reply: str) -> None:
    with pytest.raises(ConnectionLostError, match="expected a delivery's place"):
        place_of(Frame("MSG", "a", reply))


def test_an_answer_is_no_delivery() -> None:
    assert not is_delivery(Frame("MSG", "_INBOX.a", ""))
