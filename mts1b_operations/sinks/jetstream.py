"""Publishes emissions on JetStream; an epoch closes only when every one is acknowledged."""

from collections.abc import Sequence

from bytewax.outputs import FixedPartitionedSink, StatefulSinkPartition
from pydantic import SecretStr

from mts1b_operations.events.envelope import Emission
from mts1b_operations.events.streams import HALTS
from mts1b_operations.events.subjects import resolve, spec_of
from mts1b_operations.sinks.delivery.outbox import Message, Outbox
from mts1b_operations.sinks.delivery.publisher import Publisher

HeldMessage = tuple[str, bytes, dict[str, str]]
"""What a snapshot keeps of one message: subject, payload, headers."""


class JetStreamSink(FixedPartitionedSink[Emission, list[HeldMessage]]):
    """Publishes `(key, Emission)`, from one background thread for all partitions.

    `urls` are NATS servers, `user` a role of `events/roles.py`, `parts` the number of partitions
    (fixed for the life of a recovery store). Use one instance in all output steps of a process.

    Nothing is lost: an epoch's snapshot waits until the streams have acknowledged everything
    written before. A timeout, a restarted server or a missing stream is tried again under the
    same `Nats-Msg-Id`. Nothing blocks for ever: after `patience` seconds DeliveryError is raised,
    the process dies, and its successor publishes the same again from the last snapshot.

    A stream that refuses for want of room must not stop the flow, for the next output may be a
    halt: its messages are retried in the background and kept in the snapshot, up to `carry` of
    them for each partition.
    """

    def __init__(
        self,
        urls: str | Sequence[str],
        user: str,
        password: SecretStr,
        parts: int = 4,
        patience: float = 60.0,
        carry: int = 10_000,
        ack_timeout: float = 5.0,
    ) -> None:
        servers = [urls] if isinstance(urls, str) else list(urls)
        self._publisher = Publisher(servers, user, password, ack_timeout)
        self._parts = parts
        self._patience = patience
        self._carry = carry

    def list_parts(self) -> list[str]:
        """Name the partitions: every worker can serve each."""
        return [str(number) for number in range(self._parts)]

    def build_part(
        self, step_id: str, for_part: str, resume_state: list[HeldMessage] | None
    ) -> "JetStreamPartition":
        """Open a partition; what its snapshot held is published first."""
        del step_id, for_part
        outbox = Outbox(patience=self._patience, carry=self._carry)
        return JetStreamPartition(self._publisher, outbox, resume_state or [])


class JetStreamPartition(StatefulSinkPartition[Emission, list[HeldMessage]]):
    """One partition: writes without waiting, waits in `snapshot`."""

    def __init__(self, publisher: Publisher, outbox: Outbox, held: Sequence[HeldMessage]) -> None:
        self._publisher = publisher
        self._outbox = outbox
        self._between_epochs = True
        publisher.acquire()
        self._submit([_unpacked(message) for message in held])

    def write_batch(self, values: list[Emission]) -> None:
        """Hand over emissions, halts first. Blocks only while a stream's window is full.

        Raises DeliveryError when an earlier message cannot be delivered.
        """
        self._between_epochs = False
        self._submit([_message(emission) for emission in values])

    def snapshot(self) -> list[HeldMessage]:
        """Wait for the acknowledgement of everything written; keep what a full stream refuses.

        Bytewax calls this at the end of each epoch in which the partition was written to, and
        at the end of input. Raises DeliveryError when the patience ends.
        """
        held = self._outbox.wait_acknowledged()
        self._between_epochs = True
        return [(message.subject, message.payload, message.headers) for message in held]

    def close(self) -> None:
        """Wait for the messages that were held, and let go of the publisher.

        Raises DeliveryError when the input has ended and the streams still have no room for
        them. Bytewax also closes partitions while it unwinds from an error, and aborts the
        process when one raises then (0.21.1). In that case the epoch is not complete and will be
        repeated: nothing is waited for, and nothing raised.
        """
        try:
            if self._between_epochs and not self._outbox.failed:
                self._outbox.wait_empty()
        finally:
            self._publisher.release()

    def _submit(self, messages: Sequence[Message]) -> None:
        by_stream: dict[str, list[Message]] = {HALTS: []}
        for message in messages:
            by_stream.setdefault(message.stream, []).append(message)
        for waiting in by_stream.values():
            while waiting:
                parcels = self._outbox.put(waiting)
                self._publisher.send(parcels)
                del waiting[: len(parcels)]


def _message(emission: Emission) -> Message:
    stream = spec_of(type(emission.event)).stream
    return Message(emission.subject, stream, emission.payload(), emission.headers())


def _unpacked(held: HeldMessage) -> Message:
    subject, payload, headers = held
    return Message(subject, resolve(subject).spec.stream, payload, headers)
