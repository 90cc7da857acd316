"""A Bytewax source over JetStream whose position lives in Bytewax's snapshots.

State and position travel together, so state is exact after any crash. `next_batch` never blocks:
connecting happens in a thread, reading on a non-blocking socket, and a server that is away means
empty batches until it is back.
"""

import logging
import random
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from bytewax.inputs import FixedPartitionedSource, StatefulSourcePartition

from mts1b_operations.events.envelope import LostRange, RawBatch
from mts1b_operations.sources.connection import Connection, ConnectionLostError, Credentials
from mts1b_operations.sources.consumer import Arrivals, Consumer, Subscription, Survey
from mts1b_operations.sources.continuity import Continuity
from mts1b_operations.sources.position import Place, Position, StreamState, resume
from mts1b_operations.sources.rollback import rolled_back_to

_LOG = logging.getLogger(__name__)
_IDLE = timedelta(milliseconds=2)
_BACKOFF_S = (0.05, 2.0)
_OPEN_TIMEOUT_S = 5.0


@dataclass(slots=True)
class Opening:
    """An attempt to connect and create a consumer, in a thread of its own."""

    credentials: Credentials
    subscription: Subscription
    position: Position | None
    delay_s: float
    consumer: Consumer | None = None
    lost: LostRange | None = None
    failure: ConnectionLostError | None = None
    done: threading.Event = field(default_factory=threading.Event)
    unwanted: threading.Event = field(default_factory=threading.Event)

    def start(self) -> "Opening":
        """Begin; `done` is set when there is a consumer or a failure."""
        threading.Thread(target=self._run, name="mts-source-opening", daemon=True).start()
        return self

    def _run(self) -> None:
        try:
            if not self.unwanted.wait(self.delay_s):
                self._open()
        except ConnectionLostError as failure:
            self.failure = failure
        finally:
            self.done.set()
            self._discard_if_unwanted()

    def abandon(self) -> None:
        """Let go of what has been opened, or will be."""
        self.unwanted.set()
        self._discard_if_unwanted()

    def _discard_if_unwanted(self) -> None:
        # Whichever of the two threads comes second finds both events set.
        if self.unwanted.is_set() and self.done.is_set() and self.consumer is not None:
            self.consumer.close()

    def _open(self) -> None:
        connection, state = Consumer.connect(self.credentials, self.subscription)
        try:
            anew = self._given_anew(connection, state)
            self.position, self.lost = resume(self.position, state, anew)
            self.consumer = Consumer.open(connection, self.subscription, self.position)
        except ConnectionLostError:
            connection.close()
            raise

    def _given_anew(self, connection: Connection, state: StreamState) -> int | None:
        if self.position is None:
            return None
        deadline = time.monotonic() + _OPEN_TIMEOUT_S
        stream, filters = self.subscription.stream, self.subscription.filters
        return rolled_back_to(connection, stream, filters, self.position, state, deadline)


class JetStreamPartition(StatefulSourcePartition[tuple[str, RawBatch], bytes]):
    """One partition of a stream. Items are (partition, RawBatch), in stream order."""

    def __init__(
        self,
        credentials: Credentials,
        subscription: Subscription,
        partition: str,
        snapshot: bytes | None,
    ) -> None:
        self._credentials = credentials
        self._subscription = subscription
        self._partition = partition
        self._position = Position.from_bytes(snapshot) if snapshot is not None else None
        self._continuity = Continuity()
        self._consumer: Consumer | None = None
        self._backoff_s = 0.0
        self._stream_end = 0
        self._idle = False
        self._opening: Opening | None = self._reopen()

    def _reopen(self) -> Opening:
        delay_s = self._backoff_s * random.uniform(0.5, 1.0)  # noqa: S311
        return Opening(self._credentials, self._subscription, self._position, delay_s).start()

    def next_batch(self) -> list[tuple[str, RawBatch]]:
        """Give what has come since the last call, in at most one batch of messages."""
        try:
            batches = self._opened() if self._consumer is None else self._read(self._consumer)
        except ConnectionLostError as failure:
            self._drop(failure)
            batches = []
        self._idle = not batches
        return [(self._partition, batch) for batch in batches]

    def _opened(self) -> list[RawBatch]:
        opening = self._opening
        if opening is None or not opening.done.is_set():
            return []
        if opening.consumer is None:
            raise opening.failure or ConnectionLostError("the attempt to open it broke off")
        if self._backoff_s:
            _LOG.warning("source %s/%s reads again", self._subscription.stream, self._partition)
        self._consumer, self._position, self._opening = opening.consumer, opening.position, None
        self._continuity, self._stream_end, self._backoff_s = Continuity(), 0, 0.0
        return self._gap(opening.lost)

    def _drop(self, failure: ConnectionLostError) -> None:
        if self._consumer is not None:
            self._position = self._marked()
            self._consumer.close()
            self._consumer = None
        if self._backoff_s == 0.0:
            _LOG.warning(
                "source %s/%s lost its server and retries: %s",
                self._subscription.stream,
                self._partition,
                failure,
            )
        self._backoff_s = min(_BACKOFF_S[1], max(_BACKOFF_S[0], self._backoff_s * 2))
        self._opening = self._reopen()

    def _read(self, consumer: Consumer) -> list[RawBatch]:
        arrivals = consumer.read()
        survey = arrivals.survey
        if survey is not None and survey.state.created != self._standing.created:
            raise ConnectionLostError("the stream was deleted and created again")
        batches = [self._batch(arrivals)] if arrivals.deliveries else []
        if survey is not None:
            batches += self._hold_against(survey)
        return batches

    def _batch(self, arrivals: Arrivals) -> RawBatch:
        batch = RawBatch(self._subscription.stream, self._partition)
        for delivery in arrivals.deliveries:
            batch.subjects.append(published_subject(delivery.subject))
            batch.payloads.append(delivery.payload)
            batch.sequences.append(delivery.place.sequence)
            batch.arrivals_ns.append(delivery.place.stored_ns)
            batch.headers.append(delivery.headers)
            self._advance(delivery.place)
        return batch

    def _advance(self, place: Place) -> None:
        standing = self._standing
        self._continuity.delivered(standing.next_sequence, place.sequence)
        following = max(standing.next_sequence, place.sequence + 1)
        self._position = Position(standing.created, following, last_read=place)

    @property
    def _standing(self) -> Position:
        if self._position is None:
            raise RuntimeError("expected a position once a consumer is open, found none")
        return self._position

    def _hold_against(self, survey: Survey) -> list[RawBatch]:
        state = survey.state
        standing_at = self._standing.next_sequence if survey.settled else None
        lost = self._continuity.surveyed(state.first_sequence, standing_at)
        if survey.settled:
            self._position = self._standing.advanced(state.first_sequence)
        if survey.caught_up:
            # Not to the end as it is now: the server tells a consumer of a message some time
            # after it has stored it, and "nothing is waiting" may be said in between. And what
            # was stored last is what a crash may take back.
            self._position = self._standing.advanced(self._stream_end + 1)
        self._stream_end = state.last_sequence
        return self._gap(lost)

    def _gap(self, lost: LostRange | None) -> list[RawBatch]:
        if lost is None:
            return []
        _LOG.error("source %s/%s has a gap: %s", self._subscription.stream, self._partition, lost)
        stream, now_ns = self._subscription.stream, time.time_ns()
        return [RawBatch(stream, self._partition, lost=lost, noticed_ns=now_ns)]

    def next_awake(self) -> datetime | None:
        """Ask to be called at once while messages flow, else within two milliseconds."""
        return datetime.now(UTC) + _IDLE if self._idle else None

    def snapshot(self) -> bytes:
        """Give the position after the last message that was handed on."""
        return self._marked().to_bytes() if self._position is not None else b""

    def _marked(self) -> Position:
        """Give the position with what the deliveries jumped over and nobody has asked about."""
        if self._consumer is None:
            return self._standing
        return replace(self._standing, unproven_from=self._continuity.unproven_from)

    def close(self) -> None:
        """Hang up."""
        if self._opening is not None:
            self._opening.abandon()
        if self._consumer is not None:
            self._consumer.close()
            self._consumer = None


class JetStreamSource(FixedPartitionedSource[tuple[str, RawBatch], bytes]):
    """Reads a stream in fixed partitions; `filters` gives each one's stored subjects."""

    def __init__(
        self, credentials: Credentials, stream: str, filters: Mapping[str, tuple[str, ...]]
    ) -> None:
        self._credentials = credentials
        self._stream = stream
        self._filters = dict(filters)

    def list_parts(self) -> list[str]:
        """Name the partitions: every worker can reach all of them."""
        return sorted(self._filters)

    def build_part(
        self,
        step_id: str,  # noqa: ARG002
        for_part: str,
        resume_state: bytes | None,
    ) -> JetStreamPartition:
        """Open a partition anew, or where its snapshot says."""
        subscription = Subscription(self._stream, self._filters[for_part])
        return JetStreamPartition(self._credentials, subscription, for_part, resume_state or None)


@lru_cache(maxsize=65536)
def published_subject(stored: str) -> str:
    """Take the partition token out of a stored market data subject; others pass unchanged."""
    words = stored.split(".")
    partitioned = len(words) == 6 and words[2] == "marketdata"  # noqa: PLR2004
    return ".".join(words[:4] + words[5:]) if partitioned else stored
