"""Migrations are numbered without holes, and an applied one is never edited."""

import pytest

from mts1b_operations.audit.migrations import Migration, MigrationError, migrations, missing_of

pytestmark = pytest.mark.unit

_ONE = Migration(1, "0001_one.sql", "SELECT 1")
_TWO = Migration(2, "0002_two.sql", "SELECT 2")


def test_the_schema_folder_is_numbered_from_one() -> None:
    found = migrations()
    assert [migration.number for migration in found] == list(range(1, len(found) + 1))


def test_only_what_is_missing_is_applied() -> None:
    assert missing_of([_ONE, _TWO], {1: _ONE.fingerprint}) == [_TWO]
    assert missing_of([_ONE, _TWO], {}) == [_ONE, _TWO]


def test_an_edited_migration_is_refused() -> None:
    with pytest.raises(MigrationError, match=r"0001_one\.sql: expected fingerprint"):
        missing_of([_ONE], {1: "0" * 64})


def test_a_database_ahead_of_us_is_refused() -> None:
    with pytest.raises(MigrationError, match="found migration 2"):
        missing_of([_ONE], {1: _ONE.fingerprint, 2: _TWO.fingerprint})
