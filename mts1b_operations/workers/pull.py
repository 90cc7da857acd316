"""A durable pull consumer that notices its own death.

nats-py's `fetch` waits for a full batch, and takes a message whose publisher set a header
`Status` for one of the server's own: such an event would never be audited. So this asks for
messages itself and tells the server's words from events by the acknowledgement subject.
Source: NATS documentation, "JetStream wire API reference", pull consumers and their status codes.
"""

import asyncio
import json
from typing import Self

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy, Header

_BATCH = 1000
_MAX_BYTES = 32 << 20
_EXPIRES_S = 20.0
_HEARTBEAT_S = 0.5
_SILENCE_S = 2.0
_ACK_WAIT_S = 5.0
_NANO = 1_000_000_000
_ENDED = ("404", "408")
_COMPLETED = ("Batch Completed", "Message Size Exceeds MaxBytes")
_HEARTBEAT = "100"


class ReaderLostError(Exception):
    """The consumer is gone or silent; open another reader."""


class PullReader:
    """Reads one stream through a durable consumer with explicit acknowledgements."""

    def __init__(self, client: Client, stream: str, durable: str) -> None:
        self._client = client
        self._durable = durable
        self._next_subject = f"$JS.API.CONSUMER.MSG.NEXT.{stream}.{durable}"
        self._inbox = client.new_inbox()
        self._arrived: list[Msg] = []
        self._arrival = asyncio.Event()
        self._asked = 0
        self._outstanding = 0
        self._lost = ""
        self._subscription: Subscription | None = None

    @classmethod
    async def open(cls, client: Client, stream: str, durable: str) -> Self:
        """Create the consumer if it is gone, and listen. Raises nats.errors.Error."""
        config = ConsumerConfig(
            name=durable,
            durable_name=durable,
            deliver_policy=DeliverPolicy.ALL,
            ack_policy=AckPolicy.EXPLICIT,
            ack_wait=_ACK_WAIT_S,
            max_deliver=-1,
            max_ack_pending=5 * _BATCH,
        )
        await client.jetstream().add_consumer(stream, config)
        reader = cls(client, stream, durable)
        reader._subscription = await client.subscribe(f"{reader._inbox}.*", cb=reader._take)
        return reader

    async def close(self) -> None:
        """Stop listening; the consumer stays."""
        if self._subscription is not None and not self._client.is_closed:
            await self._subscription.unsubscribe()

    async def batch(self) -> list[Msg]:
        """Give up to a thousand messages as soon as there are any; none after a heartbeat.

        Raises ReaderLostError when the server says that the consumer is gone, or says nothing.
        """
        if self._lost:
            raise ReaderLostError(self._lost)
        if self._outstanding <= 0:
            await self._request()
        try:
            await asyncio.wait_for(self._arrival.wait(), _SILENCE_S)
        except TimeoutError:
            raise ReaderLostError(f"expected a heartbeat within {_SILENCE_S:g} s") from None
        arrived, self._arrived = self._arrived, []
        self._arrival.clear()
        messages = [message for message in arrived if _is_event(message)]
        self._outstanding -= len(messages)
        for status in arrived:
            if not _is_event(status) and status.subject == self._reply:
                self._heed(status)
        return messages

    @property
    def _reply(self) -> str:
        """Give the subject on which the server answers the request that is open."""
        return f"{self._inbox}.{self._asked}"

    async def _take(self, message: Msg) -> None:
        self._arrived.append(message)
        self._arrival.set()

    async def _request(self) -> None:
        request = {
            "batch": _BATCH,
            "max_bytes": _MAX_BYTES,
            "expires": int(_EXPIRES_S * _NANO),
            "idle_heartbeat": int(_HEARTBEAT_S * _NANO),
        }
        self._asked += 1
        await self._client.publish(self._next_subject, json.dumps(request).encode(), self._reply)
        self._outstanding = _BATCH

    def _heed(self, status: Msg) -> None:
        headers = status.headers or {}
        code, words = headers.get(Header.STATUS, ""), headers.get(Header.DESCRIPTION, "")
        if code in _ENDED or words in _COMPLETED:
            self._outstanding = 0
        elif code != _HEARTBEAT:
            # The messages that came with this are good: they are given first.
            self._lost = f"consumer {self._durable}: {code} {words}"


def _is_event(message: Msg) -> bool:
    return message.reply.startswith("$JS.ACK.")
