"""`audit verify`: what it prints, and its exit code."""

import json
from hashlib import sha256
from pathlib import Path

import psycopg
import pytest
from pydantic import SecretStr
from typer.testing import CliRunner, Result

from mts1b_operations.audit.chain import AuditFacts
from mts1b_operations.audit.ledger import Ledger
from mts1b_operations.cli.commands.audit import app

pytestmark = pytest.mark.integration


def _write(dsn: str, count: int) -> None:
    facts = [
        AuditFacts(
            "oms", str(n), "2026-01-02T03:04:05.000006Z", "oms", "oms.order", "s1", b"{}",
            sha256(b"{}").digest(),
        )
        for n in range(count)
    ]  # fmt: skip
    with Ledger.open(SecretStr(dsn)) as ledger:
        ledger.append(facts)


def _verify(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["verify", *arguments])


def _damage(dsn: str) -> None:
    with psycopg.connect(dsn, autocommit=True) as vandal:
        vandal.execute("UPDATE audit_entries SET actor = 'mallory' WHERE sequence = 41")


def test_a_whole_chain(postgres_dsn: str) -> None:
    _write(postgres_dsn, 1234)
    result = _verify("--from-sequence", "0", "--dsn", postgres_dsn)
    assert result.stdout == "✓ 1234 entries, chain integrity OK, no gaps\n"
    assert (result.exit_code, result.stderr) == (0, "")


def test_part_of_a_chain_from_the_environment(
    postgres_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    _write(postgres_dsn, 50)
    monkeypatch.setenv("MTS_POSTGRES_DSN", postgres_dsn)
    result = _verify("--from-sequence", "20")
    assert result.stdout == "✓ 30 entries, chain integrity OK, no gaps\n"


def test_a_damaged_chain(postgres_dsn: str) -> None:
    _write(postgres_dsn, 50)
    _damage(postgres_dsn)
    result = _verify("--dsn", postgres_dsn)
    assert result.exit_code == 1
    assert result.stdout == (
        "✗ entry 41: column differs: actor: expected 'oms' as hashed, found 'mallory' "
        "(41 entries before it OK)\n"
    )


def test_for_machines(postgres_dsn: str) -> None:
    _write(postgres_dsn, 50)
    whole = json.loads(_verify("--dsn", postgres_dsn, "--json").stdout)
    assert whole == {"ok": True, "entries": 50, "from_sequence": 0, "damage": None}
    _damage(postgres_dsn)
    damaged = json.loads(_verify("--dsn", postgres_dsn, "--json").stdout)
    assert (damaged["ok"], damaged["damage"]["sequence"]) == (False, 41)


def test_a_table_that_is_gone_is_damage(postgres_dsn: str) -> None:
    _write(postgres_dsn, 5)
    with psycopg.connect(postgres_dsn, autocommit=True) as vandal:
        vandal.execute("DROP TABLE audit_entries CASCADE")
    assert _verify("--dsn", postgres_dsn).exit_code == 1


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("postgresql://u:sesame@127.0.0.1:1/mts", "Connection refused"),
        ("this is no address", "cannot be read; correct MTS_POSTGRES_DSN"),
    ],
)
def test_an_address_that_does_not_work(address: str, expected: str) -> None:
    result = _verify("--dsn", address)
    assert result.exit_code == 2
    assert expected in result.stderr
    assert result.stderr.count("\n") == 1
    assert "sesame" not in result.stderr


def test_a_database_without_a_chain(postgres_dsn: str) -> None:
    result = _verify("--dsn", postgres_dsn)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "expected an audit chain in this database, found none" in result.stderr


def test_neither_an_address_nor_a_stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MTS_POSTGRES_DSN", raising=False)
    result = _verify("--data-dir", str(tmp_path))
    assert result.exit_code == 2
    assert "mts1b-operations up" in result.stderr
