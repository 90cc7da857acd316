"""The ledger as a worker sees it: patient, asynchronous, and only while we lead."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from pydantic import SecretStr

from mts1b_operations.audit.chain import AuditFacts, Head
from mts1b_operations.audit.coverage import Coverage
from mts1b_operations.audit.failures import LedgerError
from mts1b_operations.audit.ledger import Appended, Ledger
from mts1b_operations.sinks.delivery.backoff import Backoff
from mts1b_operations.workers.stop import Stop

T = TypeVar("T")

_LOG = logging.getLogger(__name__)
_STANDBY_S = 0.5


class LeadLostError(Exception):
    """Another writer leads: what we hold is for it to write."""


class Scribe:
    """Writes through one session in a thread of its own, and opens another when it fails.

    Its methods wait as long as the database is away, and report that. They raise StoppedError
    when the worker stops meanwhile, LeadLostError when another writer has taken over, DsnError
    and MigrationError when waiting cannot help.
    """

    def __init__(self, dsn: SecretStr, stop: Stop) -> None:
        self._dsn = dsn
        self._stop = stop
        self._ledger: Ledger | None = None
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="ledger")
        self.head = Head()

    async def lead(self) -> None:
        """Wait until we are the only writer."""
        waiting = False
        while True:
            try:
                await self.refresh()
            except LeadLostError:
                if not waiting:
                    _LOG.info("another audit writer leads; standing by")
                waiting = True
                await self._stop.pause(_STANDBY_S)
            else:
                return

    async def refresh(self) -> None:
        """Read the head, which also shows the database that we are not frozen."""
        self.head = await self._patiently(Ledger.head)

    async def coverage(self, stream: str) -> Coverage | None:
        """Read what of `stream` is in the chain."""
        return await self._patiently(lambda ledger: ledger.coverage(stream))

    async def cover(self, coverage: Coverage) -> None:
        """Record `coverage` without any entry."""
        await self._patiently(lambda ledger: ledger.cover(coverage))

    async def append(self, facts: Sequence[AuditFacts], coverage: Coverage) -> Appended:
        """Write down `facts`; on return they are committed."""
        appended = await self._patiently(lambda ledger: ledger.append(facts, coverage))
        self.head = appended.head
        return appended

    async def close(self) -> None:
        """End the session, and with it the lead."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._hang_up)
        self._thread.shutdown()

    async def _patiently(self, work: Callable[[Ledger], T]) -> T:
        loop = asyncio.get_running_loop()
        backoff = Backoff()
        failed = False
        while True:
            try:
                done = await loop.run_in_executor(self._thread, self._attempt, work)
            except LedgerError as failure:
                failed = True
                delay = backoff.delay()
                _LOG.warning("PostgreSQL: %s; next attempt in %.1f s", failure, delay)
                await self._stop.pause(delay)
            else:
                if failed:
                    _LOG.info("PostgreSQL: back")
                return done

    def _attempt(self, work: Callable[[Ledger], T]) -> T:
        if self._ledger is None:
            self._ledger = self._open_leading()
        try:
            return work(self._ledger)
        except LedgerError:
            self._hang_up()
            raise

    def _open_leading(self) -> Ledger:
        ledger = Ledger.open(self._dsn)
        try:
            leading = ledger.take_lead()
        except LedgerError:
            ledger.close()
            raise
        if not leading:
            ledger.close()
            raise LeadLostError
        return ledger

    def _hang_up(self) -> None:
        if self._ledger is not None:
            self._ledger.close()
        self._ledger = None
