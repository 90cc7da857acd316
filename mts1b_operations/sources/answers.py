"""What the JetStream API answers, as far as a reader needs it.

Source: NATS documentation, "JetStream wire API reference".
"""

from dataclasses import dataclass
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from mts1b_operations.sources.connection import ConnectionLostError
from mts1b_operations.sources.position import StreamState

_Answer = TypeVar("_Answer")


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
