"""An ephemeral JetStream pull consumer, read without acknowledgements.

Source: NATS documentation, "JetStream wire API reference". Position is ours (in the engine's
snapshot), so the server keeps none: the consumer starts at a sequence and can be thrown away.
"""

import json
import time
from dataclasses import dataclass, field
from uuid import uuid4

from mts1b_operations.sources.answers import (
    consumer_info,
    delivery_number,
    is_delivery,
    place_of,
    stream_state,
)
from mts1b_operations.sources.connection import Connection, ConnectionLostError, Credentials
from mts1b_operations.sources.framing import Frame
from mts1b_operations.sources.position import Place, Position, StreamState

_SECOND_NS = 1_000_000_000
_OPEN_TIMEOUT_S = 5.0
_PULL = 2000
_PULL_EXPIRES_S = 10
_HEARTBEAT_S = 1
_SILENCE_S = 3.5
_SURVEY_S = 2.0


@dataclass(frozen=True, slots=True)
class Subscription:
    """What a consumer reads: a stream, and the stored subjects that it filters."""

    stream: str
    filters: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Delivery:
    """One stored message, and where it is stored."""

    subject: str
    payload: bytes
    place: Place
    headers: bytes


@dataclass(slots=True)
class Arrivals:
    """What one read brought: messages, and perhaps a survey of the stream."""

    deliveries: list[Delivery] = field(default_factory=list)
    survey: "Survey | None" = None


@dataclass(frozen=True, slots=True)
class Survey:
    """The stream's state at a moment.

    `settled`: nothing was on its way to us then; `caught_up`: and nothing more was waiting.
    """

    state: StreamState
    settled: bool
    caught_up: bool


class Consumer:
    """Delivers a stream's messages from a sequence on. Only `open` blocks.

    Raises ConnectionLostError whenever it cannot go on; the owner opens another one.
    """

    def __init__(self, connection: Connection, subscription: Subscription, name: str) -> None:
        self._connection = connection
        self._subscription = subscription
        self._name = name
        self._state = StreamState("", 0, 0)
        self._outstanding = 0
        self._received = 0
        self._heard = self._asked = time.monotonic()

    @classmethod
    def connect(
        cls, credentials: Credentials, subscription: Subscription
    ) -> tuple[Connection, StreamState]:
        """Connect and ask for the stream's state. Blocks up to five seconds."""
        connection = Connection.open(credentials, uuid4().hex[:16], _OPEN_TIMEOUT_S)
        try:
            return connection, cls._stream(connection, subscription)
        except ConnectionLostError:
            connection.close()
            raise

    @staticmethod
    def _stream(connection: Connection, subscription: Subscription) -> StreamState:
        subject = f"$JS.API.STREAM.INFO.{subscription.stream}"
        deadline = time.monotonic() + _OPEN_TIMEOUT_S
        return stream_state(connection.request(subject, None, "open", deadline))

    @classmethod
    def open(
        cls, connection: Connection, subscription: Subscription, position: Position
    ) -> "Consumer":
        """Create the consumer at `position` on a surveyed connection. Blocks up to ten seconds."""
        name = f"mts-{uuid4().hex[:16]}"
        config = {
            "name": name,
            "ack_policy": "none",
            "deliver_policy": "by_start_sequence",
            "opt_start_seq": max(1, position.next_sequence),
            "filter_subjects": list(subscription.filters),
            "inactive_threshold": 60 * _SECOND_NS,
            "mem_storage": True,
            "max_waiting": 8,
        }
        body = {"stream_name": subscription.stream, "config": config, "action": "create"}
        subject = f"$JS.API.CONSUMER.CREATE.{subscription.stream}.{name}"
        deadline = time.monotonic() + _OPEN_TIMEOUT_S
        consumer_info(connection.request(subject, body, "open", deadline))
        # A consumer ends with its stream, so from here on another stream cannot slip in.
        if cls._stream(connection, subscription).created != position.created:
            raise ConnectionLostError("the stream was created again while it was being opened")
        consumer = cls(connection, subscription, name)
        consumer._pull()
        return consumer

    def _pull(self) -> None:
        body = {
            "batch": _PULL,
            "expires": _PULL_EXPIRES_S * _SECOND_NS,
            "idle_heartbeat": _HEARTBEAT_S * _SECOND_NS,
        }
        subject = f"$JS.API.CONSUMER.MSG.NEXT.{self._subscription.stream}.{self._name}"
        self._connection.publish(subject, json.dumps(body).encode(), "m")
        self._outstanding += _PULL

    def read(self) -> Arrivals:
        """Take in what has come. Never blocks; keeps the pull requests flowing."""
        now = time.monotonic()
        frames = self._connection.receive()
        arrivals = Arrivals()
        for frame in frames:
            self._take(frame, arrivals)
        if frames:
            self._heard = now
        elif now - self._heard > _SILENCE_S:
            raise ConnectionLostError(f"expected a heartbeat within {_SILENCE_S} s, found silence")
        if self._outstanding <= _PULL // 2:
            self._pull()
        if now - self._asked > _SURVEY_S:
            self._ask_stream(now)
        return arrivals

    def _take(self, frame: Frame, arrivals: Arrivals) -> None:
        if is_delivery(frame):
            arrivals.deliveries.append(self._delivery(frame))
        elif frame.subject.endswith(".m"):
            self._status(frame.headers)
        elif frame.subject.endswith(".s"):
            self._state = stream_state(frame.payload)
            self._ask_consumer()
        elif frame.subject.endswith(".c"):
            arrivals.survey = self._survey(frame)

    def _survey(self, frame: Frame) -> Survey:
        """Join the two answers. A reply may overtake a delivery, so deliveries are counted."""
        info = consumer_info(frame.payload)
        settled = info.delivered.consumer_seq == self._received
        return Survey(self._state, settled, caught_up=settled and info.num_pending == 0)

    def _delivery(self, frame: Frame) -> Delivery:
        place = place_of(frame)
        self._received += 1
        if delivery_number(frame) != self._received:
            raise ConnectionLostError(f"a delivery before {place} went missing")
        self._outstanding -= 1
        return Delivery(frame.subject, frame.payload, place, frame.headers)

    def _status(self, headers: bytes) -> None:
        """Handle the end of a pull request (404, 408), a heartbeat (100) or a refusal (409)."""
        status, _, rest = headers.partition(b"\r\n")
        code = status[9:12]
        if code in (b"404", b"408"):
            self._outstanding -= _pending_messages(rest)
        elif code != b"100":
            raise ConnectionLostError(f"the pull request ended: {status[9:]!r}")

    def _ask_stream(self, now: float) -> None:
        self._asked = now
        self._connection.publish(f"$JS.API.STREAM.INFO.{self._subscription.stream}", b"", "s")

    def _ask_consumer(self) -> None:
        subject = f"$JS.API.CONSUMER.INFO.{self._subscription.stream}.{self._name}"
        self._connection.publish(subject, b"", "c")

    def close(self) -> None:
        """Hang up; the server forgets the consumer after its inactivity threshold."""
        self._connection.close()


def _pending_messages(headers: bytes) -> int:
    for line in headers.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"nats-pending-messages" and value.strip().isdigit():
            return int(value)
    return _PULL
