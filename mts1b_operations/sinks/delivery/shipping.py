"""Delivering a run of messages from outside the engine: put, and wait for all at the end."""

from collections.abc import Sequence
from types import TracebackType
from typing import Self

from pydantic import SecretStr

from mts1b_operations.sinks.delivery.outbox import Message, Outbox
from mts1b_operations.sinks.delivery.publisher import Publisher


class Shipping:
    """Publishes messages with acknowledgements, pipelined. Not thread-safe.

    Leaving the block waits until the streams have taken everything. Raises DeliveryError when
    `patience` seconds pass without room or acknowledgement, or the server refuses for good.
    """

    def __init__(
        self, servers: Sequence[str], user: str, password: SecretStr, patience: float = 30.0
    ) -> None:
        self._publisher = Publisher(servers, user, password)
        self._outbox = Outbox(patience=patience, window=4096)

    def put(self, message: Message) -> None:
        """Hand over one message; blocks only while its stream's window is full."""
        self._publisher.send(self._outbox.put([message]))

    def __enter__(self) -> Self:
        self._publisher.acquire()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            if kind is None:
                self._outbox.wait_empty()
        finally:
            self._publisher.release()
