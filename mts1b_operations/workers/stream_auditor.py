"""Carries one stream into the chain: read, write down, commit, and only then acknowledge."""

import asyncio
import logging
from datetime import UTC, datetime

import nats.errors
from nats.aio.client import Client
from nats.aio.msg import Msg

from mts1b_operations.audit.coverage import Coverage
from mts1b_operations.audit.intake import StoredMessage, facts_of
from mts1b_operations.events.contracts.audit import Gap
from mts1b_operations.events.envelope import identified
from mts1b_operations.events.fields import rfc3339
from mts1b_operations.sinks.delivery.backoff import Backoff
from mts1b_operations.workers.continuity import StreamFacts, continuation
from mts1b_operations.workers.pull import PullReader, ReaderLostError
from mts1b_operations.workers.scribe import LeadLostError, Scribe
from mts1b_operations.workers.stop import Stop

_LOG = logging.getLogger(__name__)
_SURVEY_S = 2.0

NAME = "audit_writer"
"""The durable consumer, the actor and the heartbeat's service."""


class StreamAuditor:
    """Audits one stream until the worker stops; reads again from the server after any loss."""

    def __init__(self, client: Client, scribe: Scribe, stop: Stop, stream: str) -> None:
        self._client = client
        self._scribe = scribe
        self._stop = stop
        self._stream = stream
        self._coverage = Coverage(stream, "")
        self._backoff = Backoff()

    async def run(self) -> None:
        """Audit until asked to stop. Raises LeadLostError, StoppedError, DsnError."""
        while not self._stop.requested:
            try:
                await self._follow()
            except (ReaderLostError, nats.errors.Error, TimeoutError, OSError) as failure:
                delay = self._backoff.delay()
                _LOG.warning("%s: %s; reading again in %.1f s", self._stream, failure, delay)
                await self._stop.pause(delay)

    async def _follow(self) -> None:
        reader = await PullReader.open(self._client, self._stream, NAME)
        try:
            await self._survey(await self._scribe.coverage(self._stream))
            self._backoff.reset()
            await self._read(reader)
        finally:
            await reader.close()

    async def _read(self, reader: PullReader) -> None:
        loop = asyncio.get_running_loop()
        surveyed = loop.time()
        while not self._stop.requested:
            messages = await reader.batch()
            if messages:
                await self._write(messages)
            if loop.time() - surveyed > _SURVEY_S:
                await self._survey(self._coverage)
                surveyed = loop.time()

    async def _write(self, messages: list[Msg]) -> None:
        places = [message.metadata.sequence.stream for message in messages]
        coverage = self._coverage.including(places)
        facts = [facts_of(self._stored(message)) for message in messages]
        try:
            appended = await self._scribe.append(facts, coverage)
        except LeadLostError:
            await self._give_back(messages)
            raise
        self._coverage = coverage
        if appended.conflicts:
            _LOG.warning("%s: %d id conflicts written down", self._stream, appended.conflicts)
        for message in messages:
            await message.ack()

    async def _give_back(self, messages: list[Msg]) -> None:
        for message in messages:
            await message.nak()

    def _stored(self, message: Msg) -> StoredMessage:
        place = message.metadata
        return StoredMessage(
            subject=message.subject,
            payload=message.data,
            headers=message.headers or {},
            stream=self._stream,
            stream_created=self._coverage.created,
            sequence=place.sequence.stream,
            stored=place.timestamp,
        )

    async def _survey(self, known: Coverage | None) -> None:
        """Notice what was lost, report it, and only then go on without it."""
        onward = continuation(known, self._stream, await self._facts(), NAME)
        if onward.gap is not None:
            await self._report(onward.gap, onward.coverage.created)
            await self._scribe.cover(onward.coverage)
        self._coverage = onward.coverage

    async def _facts(self) -> StreamFacts:
        jetstream = self._client.jetstream()
        stream = await jetstream.stream_info(self._stream)
        consumer = await jetstream.consumer_info(self._stream, NAME)
        floor = consumer.ack_floor.stream_seq if consumer.ack_floor else 0
        return StreamFacts(
            created=rfc3339(stream.created) if stream.created else "",
            first_sequence=stream.state.first_seq,
            last_sequence=stream.state.last_seq,
            ack_floor=floor,
        )

    async def _report(self, gap: Gap, created: str) -> None:
        _LOG.error(
            "%s: expected sequence %d, found %d: %s",
            gap.stream, gap.expected_sequence, gap.found_sequence, gap.reason,
        )  # fmt: skip
        place = (gap.stream, created, gap.reason, gap.expected_sequence, gap.found_sequence)
        emission = identified(gap, datetime.now(UTC), NAME, *place)
        await self._client.jetstream().publish(
            emission.subject, emission.payload(), headers=dict(emission.headers())
        )
