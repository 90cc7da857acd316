"""Reads the chain from PostgreSQL as it was at one moment, while the writer goes on."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg
from pydantic import SecretStr

from mts1b_operations.audit.chain import GENESIS, Head
from mts1b_operations.audit.failures import LedgerError, database_errors
from mts1b_operations.audit.session import open_session
from mts1b_operations.audit.verifier import Progress, StoredEntry, Walk, verify

_FETCH = 5000
_COLUMNS = (
    "SELECT sequence, timestamp, actor, action, subject_id, hashed, "
    "encode(prev_hash, 'hex'), encode(hash, 'hex') FROM audit_entries "
    "WHERE sequence >= %s ORDER BY sequence"
)


class ChainMissingError(LedgerError):
    """There is no chain in the database, or it does not reach the entry asked for."""


@dataclass(frozen=True, slots=True)
class Archive:
    """A snapshot of the chain; `head` is None where its row is gone."""

    session: psycopg.Connection
    head: Head | None

    def verify(self, start: int) -> Iterator[Progress]:
        """Check the chain from entry `start` on: see `verifier.verify`.

        Raises ChainMissingError for a start beyond the end, LedgerUnavailableError.
        """
        if self.head and start > self.head.size:
            raise ChainMissingError(
                f"expected a sequence up to {self.head.size}, the size of the chain, "
                f"found {start}; start earlier"
            )
        with database_errors():
            yield from verify(self._entries(start), self.head, self._walk(start))

    def _walk(self, start: int) -> Walk:
        if start == 0:
            return Walk(0, GENESIS)
        row = self.session.execute(
            "SELECT encode(hash, 'hex') FROM audit_entries WHERE sequence = %s", [start - 1]
        ).fetchone()
        return Walk(start, row[0] if row else None)

    def _entries(self, start: int) -> Iterator[StoredEntry]:
        with self.session.cursor("audit_verify") as cursor:
            cursor.itersize = _FETCH
            cursor.execute(_COLUMNS, [start], binary=True)
            for row in cursor:
                yield StoredEntry._make(row)


@contextmanager
def open_archive(dsn: SecretStr) -> Iterator[Archive]:
    """Open the chain for reading, in one read-only transaction.

    Raises ChainMissingError where no chain was ever written, DsnError, LedgerUnavailableError.
    """
    session = open_session(dsn, "mts audit reader", read_only=True)
    with session, database_errors(), session.transaction():
        try:
            row = session.execute("SELECT size, hash FROM audit_head").fetchone()
        except psycopg.errors.UndefinedTable:
            raise ChainMissingError(
                "expected an audit chain in this database, found none; "
                "start the audit writer, or correct MTS_POSTGRES_DSN"
            ) from None
        yield Archive(session, Head(row[0], row[1].hex()) if row else None)
