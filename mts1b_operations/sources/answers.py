"""What JetStream answers and says of what it delivers, as far as a reader needs it.

Source: NATS documentation, "JetStream wire API reference".
"""

from dataclasses import dataclass
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from mts1b_operations.sources.connection import ConnectionLostError
from mts1b_operations.sources.framing import Frame
from mts1b_operations.sources.position import Place, StreamState

_Answer = TypeVar("_Answer")

_DELIVERY = "$JS.ACK."
_WORDS_WITHOUT_DOMAIN = 9


@dataclass(frozen=True, slots=True)
class _State:
    first_seq: int
    last_seq: int


@dataclass(frozen=True, slots=True)
class _StreamInfo:
    created: str
    state: _State


@dataclass(frozen=True, slots=True)
class _Delivered:
    consumer_seq: int


@dataclass(frozen=True, slots=True)
class ConsumerInfo:
    """How many messages a consumer has sent, and how many wait to be."""

    num_pending: int
    delivered: _Delivered


@dataclass(frozen=True, slots=True)
class _Error:
    description: str


@dataclass(frozen=True, slots=True)
class _ErrorAnswer:
    error: _Error


_STREAM_INFO = TypeAdapter(_StreamInfo)
_CONSUMER_INFO = TypeAdapter(ConsumerInfo)
_ERROR = TypeAdapter(_ErrorAnswer)


def stream_state(answer: bytes) -> StreamState:
    """Read the answer to STREAM.INFO. Raises ConnectionLostError for a refusal or silence."""
    info = _understood(_STREAM_INFO, answer, "stream info")
    return StreamState(info.created, info.state.first_seq, info.state.last_seq)


def consumer_info(answer: bytes) -> ConsumerInfo:
    """Read the answer to CONSUMER.CREATE or INFO. Raises ConnectionLostError for a refusal."""
    return _understood(_CONSUMER_INFO, answer, "consumer")


def _understood(adapter: TypeAdapter[_Answer], answer: bytes, asked: str) -> _Answer:
    """Read an answer; an empty one means that nobody was there to give it."""
    try:
        return adapter.validate_json(answer)
    except ValidationError:
        raise ConnectionLostError(f"{asked}: {_refusal(answer)}") from None


def _refusal(answer: bytes) -> str:
    try:
        return f"the server answered {_ERROR.validate_json(answer).error.description!r}"
    except ValidationError:
        return f"expected an answer of JetStream, found {answer[:80]!r}"


def is_delivery(frame: Frame) -> bool:
    """Tell a stored message from an answer: its reply subject says where it stands."""
    return frame.reply.startswith(_DELIVERY)


def place_of(frame: Frame) -> Place:
    """Read the place of a delivery. Raises ConnectionLostError for a reply that has none."""
    sequence, _, stored_ns = _numbers(frame.reply)
    return Place(sequence, stored_ns)


def delivery_number(frame: Frame) -> int:
    """Read how many messages the consumer had delivered with this one.

    Raises ConnectionLostError for a reply that does not say so.
    """
    return _numbers(frame.reply)[1]


def _numbers(reply: str) -> tuple[int, int, int]:
    """Read `$JS.ACK.….<times>.<stream sequence>.<consumer sequence>.<nanoseconds>.<pending>`."""
    words = reply.split(".")
    at = 5 if len(words) == _WORDS_WITHOUT_DOMAIN else 7
    try:
        sequence, delivered, stored_ns = (int(word) for word in words[at : at + 3])
    except ValueError:
        raise ConnectionLostError(
            f"expected a delivery's place in its stream, found {reply!r}"
        ) from None
    return sequence, delivered, stored_ns
