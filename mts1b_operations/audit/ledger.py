"""The chain in PostgreSQL: one transaction an append, one writer at a time.

A ledger is one database session. It is not safe for use by two threads at once.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import LiteralString, Self

import psycopg
from psycopg.types.numeric import Int8
from pydantic import SecretStr

from mts1b_operations.audit import chain
from mts1b_operations.audit.admission import Admission, admit
from mts1b_operations.audit.chain import AuditEntry, AuditFacts, Head
from mts1b_operations.audit.coverage import Coverage, load_coverage, save_coverage
from mts1b_operations.audit.failures import LedgerDamagedError, database_errors
from mts1b_operations.audit.migrations import migrate
from mts1b_operations.audit.session import open_session

_WRITER_LOCK = 0x6D747331_00000002
_READ_HEAD: LiteralString = "SELECT size, hash FROM audit_head"
_LOCK_HEAD: LiteralString = f"{_READ_HEAD} FOR UPDATE"
_COPY_ENTRIES = (
    "COPY audit_entries (sequence, timestamp, actor, action, subject_id, hashed, prev_hash, hash) "
    "FROM STDIN (FORMAT BINARY)"
)
_COPY_IDS = "COPY audit_ids (identity, content, sequence) FROM STDIN (FORMAT BINARY)"


@dataclass(frozen=True, slots=True)
class Appended:
    """What an append did: entries written (conflicts among them), events known already."""

    count: int
    known: int
    conflicts: int
    head: Head


class Ledger:
    """Appends to the chain. Every method raises LedgerUnavailableError when the database fails.

    Waits are bounded: 5 s to connect, 15 s a statement, 5 s for a lock. A session that says
    nothing for 10 s is closed by the server, so that a frozen writer cannot keep the lead.
    """

    def __init__(self, session: psycopg.Connection) -> None:
        self._session = session

    @classmethod
    def open(cls, dsn: SecretStr) -> Self:
        """Connect and bring the schema up to date. Raises MigrationError, DsnError as well."""
        session = open_session(dsn, "mts audit writer")
        try:
            with database_errors():
                migrate(session)
        except BaseException:
            session.close()
            raise
        return cls(session)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the session, and with it the lead."""
        self._session.close()

    def take_lead(self) -> bool:
        """Become the only writer, until this session ends. False while another one leads."""
        with self._transaction():
            row = self._session.execute(
                "SELECT pg_try_advisory_lock(%s)", [_WRITER_LOCK]
            ).fetchone()
        return row is not None and bool(row[0])

    def head(self) -> Head:
        """Read where the chain ends; keeps the session from being taken for a frozen one."""
        with self._transaction():
            return self._read_head(_READ_HEAD)

    def coverage(self, stream: str) -> Coverage | None:
        """Read which sequences of `stream` are in the chain; None for one never read."""
        with self._transaction():
            return load_coverage(self._session, stream)

    def cover(self, coverage: Coverage) -> None:
        """Record `coverage` by itself, as after a gap that has been reported."""
        with self._transaction():
            save_coverage(self._session, coverage)

    def append(self, facts: Sequence[AuditFacts], coverage: Coverage | None = None) -> Appended:
        """Write down the events that the chain does not hold yet, all or none of them.

        An event is known by (source, event_id); the same id with other bytes becomes an entry of
        its own. `coverage` is recorded in the same transaction. Raises LedgerDamagedError when
        the tables contradict each other.
        """
        with self._transaction():
            head = self._read_head(_LOCK_HEAD)
            admission, entries = self._link(head, facts)
            moved = chain.head_after(head, entries)
            self._write(entries, moved)
            if coverage is not None:
                save_coverage(self._session, coverage)
        return Appended(len(entries), admission.known, len(admission.conflicts), moved)

    def _read_head(self, query: LiteralString) -> Head:
        row = self._session.execute(query).fetchone()
        if row is None:
            raise LedgerDamagedError(
                "expected one row in audit_head, found none; run audit verify before writing on"
            )
        return Head(row[0], row[1].hex())

    def _link(self, head: Head, facts: Sequence[AuditFacts]) -> tuple[Admission, list[AuditEntry]]:
        """Remember the ids of what is new, and link it behind `head`.

        Nearly always everything is new: so write the ids first, and look them up only when the
        database refuses one.
        """
        admission = admit(facts, {})
        try:
            with self._session.transaction():
                return admission, self._link_new(head, admission)
        except psycopg.errors.UniqueViolation:
            admission = self._admit_unknown(facts)
            return admission, self._link_new(head, admission)

    def _admit_unknown(self, facts: Sequence[AuditFacts]) -> Admission:
        first = admit(facts, self._known(fact.identity() for fact in facts))
        if not first.conflicts:
            return first
        again = admit(first.facts.values(), self._known(first.conflicts))
        repeated = len(first.conflicts) - again.known
        return Admission(again.facts, first.known + again.known, first.conflicts[:repeated])

    def _known(self, identities: Iterable[bytes]) -> dict[bytes, bytes]:
        rows = self._session.execute(
            "SELECT identity, content FROM audit_ids WHERE identity = ANY(%b)", [list(identities)]
        )
        return dict(rows.fetchall())

    def _link_new(self, head: Head, admission: Admission) -> list[AuditEntry]:
        """Link the entries while the database takes in their ids: hashing costs no time then."""
        with self._session.cursor() as cursor, cursor.copy(_COPY_IDS) as copy:
            for sequence, (identity, fact) in enumerate(admission.facts.items(), head.size):
                copy.write_row((identity, fact.content, Int8(sequence)))
            return chain.append(head, admission.facts.values())

    def _write(self, entries: list[AuditEntry], head: Head) -> None:
        with self._session.cursor() as cursor, cursor.copy(_COPY_ENTRIES) as copy:
            for entry in entries:
                copy.write_row(_row(entry))
        self._session.execute(
            "UPDATE audit_head SET size = %s, hash = %b", [head.size, bytes.fromhex(head.hash)]
        )

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with database_errors(), self._session.transaction():
            yield


def _row(entry: AuditEntry) -> tuple[object, ...]:
    return (
        Int8(entry.sequence),
        datetime.fromisoformat(entry.timestamp),
        entry.actor,
        entry.action,
        entry.subject_id,
        entry.hashed,
        bytes.fromhex(entry.prev_hash),
        bytes.fromhex(entry.hash),
    )
