"""Brings parcels to their streams: one link at a time, rebuilt for ever, one lane a stream."""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from itertools import cycle
from time import monotonic

from nats.errors import AuthorizationError
from nats.errors import Error as NatsError

from mts1b_operations.events.streams import HALTS, STREAMS
from mts1b_operations.sinks.delivery.backoff import Backoff
from mts1b_operations.sinks.delivery.lane import Lane
from mts1b_operations.sinks.delivery.link import Link, Listener, Login
from mts1b_operations.sinks.delivery.outbox import DeliveryError, Outbox, Parcel
from mts1b_operations.sinks.delivery.replies import Reply

_LOG = logging.getLogger(__name__)
_TICK = 0.05
_OPEN_TIMEOUT = 5.0


class PermissionDeniedError(DeliveryError):
    """The server does not give this role the right to publish this subject."""


class Courier:
    """Sends parcels and settles them. Belongs to one event loop; nothing else may call it."""

    def __init__(self, login: Login, ack_timeout: float) -> None:
        self._login = login
        # Halts first: when many lanes have something to send, theirs is served before the rest.
        names = sorted((stream.name for stream in STREAMS), key=lambda name: name != HALTS)
        self._lanes = {name: Lane(name, ack_timeout) for name in names}
        self._known: dict[int, Parcel] = {}
        self._outboxes: set[Outbox] = set()
        self._wake = asyncio.Event()
        self._backoff = Backoff()
        self._up: bool | None = None
        self._stopped = asyncio.Event()

    def accept(self, parcels: Sequence[Parcel]) -> None:
        """Queue parcels, each in its stream's lane."""
        for parcel in parcels:
            self._known[parcel.number] = parcel
            self._outboxes.add(parcel.outbox)
            self._lanes[parcel.message.stream].add(parcel)
        self._wake.set()

    def stop(self) -> None:
        """Make `run` return soon."""
        self._stopped.set()
        self._wake.set()

    def abandon(self, reason: str) -> None:
        """Fail every outbox ever served: nobody will deliver its parcels any more."""
        for outbox in self._outboxes:
            outbox.fail(DeliveryError(reason))

    async def run(self) -> None:
        """Connect, send, settle; connect again after every loss, until `stop`."""
        servers = cycle(self._login.servers)
        while not self._stopped.is_set():
            server = next(servers)
            try:
                async with self._link(server) as link:
                    await self._deliver(link)
            except AuthorizationError:
                self.abandon(
                    f"expected NATS at {server} to accept the user {self._login.user!r}, found its "
                    "name or password refused; correct the credentials and start again"
                )
                await _passed(self._stopped, self._backoff.delay())
            except (OSError, NatsError, TimeoutError) as trouble:
                self._lost(server, str(trouble) or type(trouble).__name__)
                await _passed(self._stopped, self._backoff.delay())

    @asynccontextmanager
    async def _link(self, server: str) -> AsyncIterator[Link]:
        link = Link(Listener(self._on_reply, self._on_denied))
        try:
            await asyncio.wait_for(link.open(server, self._login), _OPEN_TIMEOUT)
            self._found(server)
            yield link
        finally:
            await link.close()

    async def _deliver(self, link: Link) -> None:
        while not self._stopped.is_set():
            if not link.is_up:
                raise ConnectionResetError(link.last_error)
            self._wake.clear()
            if not await self._send_due(link):
                await _passed(self._wake, _TICK)

    async def _send_due(self, link: Link) -> bool:
        sent = False
        for lane in self._lanes.values():
            now = monotonic()
            lane.expire(now)
            for parcel in lane.due(now):
                await link.send(parcel.number, parcel.message)
                sent = True
        return sent

    def _on_reply(self, number: int, reply: Reply) -> None:
        parcel = self._known.get(number)
        if parcel is None:
            return
        lane = self._lanes[parcel.message.stream]
        if reply.outcome == "stored":
            del self._known[number]
            lane.acknowledged(parcel, monotonic())
        elif reply.outcome == "never":
            subject = parcel.message.subject
            parcel.outbox.fail(DeliveryError(f"{subject} refused for good: {reply.reason}"))
        else:
            lane.refused(parcel, reply.reason, monotonic(), full=reply.outcome == "full")

    def _on_denied(self, deed: str, subject: str) -> None:
        refusal = PermissionDeniedError(
            f"expected the role {self._login.user!r} to be allowed {deed} of {subject}, found it "
            "denied by the server; add the role to the subject's publishers in the registry and "
            "render nats.conf again, or publish under another role"
        )
        for outbox in self._hit_by(deed, subject):
            outbox.fail(refusal)

    def _hit_by(self, deed: str, subject: str) -> set[Outbox]:
        if deed == "subscription":
            return self._outboxes
        # nats-py hands over the server's text in lower case.
        return {
            parcel.outbox
            for parcel in self._known.values()
            if parcel.message.subject.lower() == subject.lower()
        }

    def _found(self, server: str) -> None:
        if self._up is False:
            _LOG.warning("NATS at %s is back; publishing goes on", server)
        self._up = True
        self._backoff.reset()

    def _lost(self, server: str, trouble: str) -> None:
        reason = f"no NATS at {server}: {trouble}"
        for lane in self._lanes.values():
            lane.disconnected(reason)
        if self._up is not False:
            _LOG.warning("%s; publishing waits and tries again", reason)
        self._up = False


async def _passed(event: asyncio.Event, seconds: float) -> None:
    """Wait for `event`, at most `seconds`."""
    try:
        await asyncio.wait_for(event.wait(), seconds)
    except TimeoutError:
        return
