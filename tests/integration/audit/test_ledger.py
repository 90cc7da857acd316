"""The ledger on a real PostgreSQL: once each, in one transaction, and verifiable."""

from collections.abc import Iterator
from hashlib import sha256
from threading import Thread

import psycopg
import pytest
from pydantic import SecretStr

from mts1b_operations.audit.archive import ChainMissingError, open_archive
from mts1b_operations.audit.chain import AuditFacts, Head
from mts1b_operations.audit.coverage import Coverage
from mts1b_operations.audit.failures import (
    DsnError,
    LedgerDamagedError,
    LedgerUnavailableError,
)
from mts1b_operations.audit.ledger import Ledger
from mts1b_operations.audit.verifier import Progress

pytestmark = pytest.mark.integration


def fact(event_id: int | str, body: str = "") -> AuditFacts:
    data = b'{"body":"%b"}' % body.encode()
    return AuditFacts(
        "oms", str(event_id), "2026-01-02T03:04:05.000006Z", "oms", "oms.order", "s1", data,
        sha256(data).digest(),
    )  # fmt: skip


def verdict(dsn: str, start: int = 0) -> Progress:
    with open_archive(SecretStr(dsn)) as archive:
        return list(archive.verify(start))[-1]


@pytest.fixture
def ledger(postgres_dsn: str) -> Iterator[Ledger]:
    with Ledger.open(SecretStr(postgres_dsn)) as opened:
        yield opened


def test_appends_in_order_and_moves_the_head(ledger: Ledger, postgres_dsn: str) -> None:
    first = ledger.append([fact(1), fact(2)])
    second = ledger.append([fact(3)])
    assert (first.count, second.count, second.head.size) == (2, 1, 3)
    assert ledger.head() == second.head
    assert verdict(postgres_dsn) == Progress(3, 3)
    assert verdict(postgres_dsn, 2) == Progress(1, 1)


def test_an_empty_append_changes_nothing(ledger: Ledger) -> None:
    assert ledger.append([]).head == Head()


def test_known_events_are_dropped_for_good(ledger: Ledger, postgres_dsn: str) -> None:
    ledger.append([fact(number) for number in range(10)])
    again = ledger.append([fact(number) for number in range(5, 15)])
    assert (again.count, again.known, again.head.size) == (5, 5, 15)
    assert verdict(postgres_dsn) == Progress(15, 15)


def test_other_bytes_under_a_known_id_become_one_entry(ledger: Ledger, postgres_dsn: str) -> None:
    ledger.append([fact(1, "a")])
    conflict = ledger.append([fact(1, "b"), fact(2)])
    redelivered = ledger.append([fact(1, "b"), fact(2)])
    assert (conflict.count, conflict.conflicts) == (2, 1)
    assert (redelivered.count, redelivered.conflicts, redelivered.known) == (0, 0, 2)
    with psycopg.connect(postgres_dsn) as connection:
        rows = connection.execute(
            "SELECT data ->> 'event_id' FROM audit_log WHERE action = 'operations.id_conflict'"
        ).fetchall()
    assert rows == [("1",)]


def test_the_log_can_be_read_with_plain_sql(ledger: Ledger, postgres_dsn: str) -> None:
    entry = ledger.append([fact(1, "x")])
    with psycopg.connect(postgres_dsn) as connection:
        row = connection.execute(
            "SELECT sequence, actor, data ->> 'body', prev_hash, hash FROM audit_log"
        ).fetchone()
    assert row == (0, "oms", "x", "0" * 64, entry.head.hash)


def test_a_second_ledger_does_not_lead_until_the_first_is_gone(
    ledger: Ledger, postgres_dsn: str
) -> None:
    assert ledger.take_lead()
    with Ledger.open(SecretStr(postgres_dsn)) as second:
        assert not second.take_lead()
        ledger.close()
        assert second.take_lead()


def test_two_ledgers_at_once_still_make_one_chain(postgres_dsn: str) -> None:
    def write(offset: int) -> None:
        with Ledger.open(SecretStr(postgres_dsn)) as own:
            for start in range(0, 500, 50):
                own.append([fact(n) for n in range(offset + start, offset + start + 100)])

    threads = [Thread(target=write, args=[offset]) for offset in (0, 250)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert verdict(postgres_dsn) == Progress(800, 800)


def test_coverage_is_recorded_with_the_entries(ledger: Ledger) -> None:
    coverage = Coverage("MTS_EVENTS", "then", ((1, 4), (6, 9)))
    assert ledger.coverage("MTS_EVENTS") is None
    ledger.append([fact(1)], coverage)
    assert ledger.coverage("MTS_EVENTS") == coverage
    ledger.cover(Coverage("MTS_EVENTS", "now", ()))
    assert ledger.coverage("MTS_EVENTS") == Coverage("MTS_EVENTS", "now", ())


def test_a_failed_append_leaves_nothing_behind(ledger: Ledger, postgres_dsn: str) -> None:
    ledger.append([fact(1)])
    with psycopg.connect(postgres_dsn, autocommit=True) as vandal:
        vandal.execute("UPDATE audit_head SET size = 0")
    with pytest.raises(LedgerDamagedError, match="run audit verify"):
        ledger.append([fact(2)], Coverage("MTS_EVENTS", "then", ((1, 2),)))
    with psycopg.connect(postgres_dsn, autocommit=True) as repair:
        repair.execute("UPDATE audit_head SET size = 1")
    assert ledger.coverage("MTS_EVENTS") is None
    assert ledger.append([fact(2)]).count == 1
    assert verdict(postgres_dsn) == Progress(2, 2)


def test_a_head_that_is_gone_stops_the_writer(ledger: Ledger, postgres_dsn: str) -> None:
    with psycopg.connect(postgres_dsn, autocommit=True) as vandal:
        vandal.execute("DELETE FROM audit_head")
    with pytest.raises(LedgerDamagedError, match="expected one row in audit_head"):
        ledger.append([fact(1)])
    damage = verdict(postgres_dsn).damage
    assert damage is not None
    assert damage.kind == "head differs"


def test_a_closed_session_is_unavailable(ledger: Ledger, postgres_dsn: str) -> None:
    with psycopg.connect(postgres_dsn, autocommit=True) as other:
        other.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE application_name = 'mts audit writer' AND datname = current_database()"
        )
    with pytest.raises(LedgerUnavailableError):
        ledger.append([fact(1)])


def test_an_address_is_refused_without_repeating_it() -> None:
    with pytest.raises(DsnError) as refused:
        Ledger.open(SecretStr("host=here password=sesame nonsense"))
    assert "sesame" not in str(refused.value)
    with pytest.raises(DsnError, match="found none; set MTS_POSTGRES_DSN"):
        Ledger.open(SecretStr(""))


def test_an_unreachable_server_is_unavailable_in_one_line() -> None:
    with pytest.raises(LedgerUnavailableError) as refused:
        Ledger.open(SecretStr("postgresql://u:sesame@127.0.0.1:1/mts"))
    assert "\n" not in str(refused.value)
    assert "sesame" not in str(refused.value)


def test_a_database_without_a_chain_says_so(postgres_dsn: str) -> None:
    with pytest.raises(ChainMissingError, match="expected an audit chain"):
        verdict(postgres_dsn)


def test_a_start_beyond_the_end_is_refused(ledger: Ledger, postgres_dsn: str) -> None:
    ledger.append([fact(1)])
    with pytest.raises(ChainMissingError, match="found 2; start earlier"):
        verdict(postgres_dsn, 2)
    assert verdict(postgres_dsn, 1) == Progress(0, 0)


@pytest.mark.parametrize(
    ("damage", "kind", "place"),
    [
        ("UPDATE audit_entries SET hashed = hashed || ' ' WHERE sequence = 7", "edited entry", 7),
        (
            "UPDATE audit_entries SET hash = sha256(hash) WHERE sequence = 7",
            "edited hash",
            7,
        ),
        ("DELETE FROM audit_entries WHERE sequence = 7", "missing entry", 7),
        ("DELETE FROM audit_entries WHERE sequence > 7", "truncated tail", 8),
        ("UPDATE audit_entries SET actor = 'x' WHERE sequence = 7", "column differs", 7),
        ("TRUNCATE audit_entries", "truncated tail", 0),
    ],
)
def test_damage_by_sql_is_named(
    ledger: Ledger, postgres_dsn: str, damage: str, kind: str, place: int
) -> None:
    ledger.append([fact(number) for number in range(20)])
    with psycopg.connect(postgres_dsn, autocommit=True) as vandal:
        vandal.execute(damage.encode())
    found = verdict(postgres_dsn).damage
    assert found is not None
    assert (found.kind, found.sequence) == (kind, place)
