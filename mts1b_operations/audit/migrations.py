"""Brings the database to the schema that this version needs, one numbered file at a time."""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from importlib.resources import files

import psycopg

_MIGRATION_LOCK = 0x6D747331_00000001
"""The advisory lock under which migrations run: any constant, as long as it is ours alone."""


class MigrationError(RuntimeError):
    """The database holds a schema that this version did not write."""


@dataclass(frozen=True, slots=True)
class Migration:
    """One numbered SQL file of the schema folder, such as `0001_chain.sql`."""

    number: int
    name: str
    statements: str

    @property
    def fingerprint(self) -> str:
        """Give the SHA-256 of the file, in hexadecimal."""
        return sha256(self.statements.encode()).hexdigest()


def migrations() -> list[Migration]:
    """Read the schema folder, in order."""
    folder = files("mts1b_operations.audit").joinpath("schema")
    found = [
        Migration(int(file.name.split("_")[0]), file.name, file.read_text(encoding="utf-8"))
        for file in folder.iterdir()
        if file.name.endswith(".sql")
    ]
    return sorted(found, key=lambda migration: migration.number)


def migrate(connection: psycopg.Connection) -> list[str]:
    """Apply what is missing, all or nothing, and give the names of the files applied.

    Processes that start together wait for each other. Raises MigrationError where an applied file
    has changed since, or where the database is ahead of this version.
    """
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(%s)", [_MIGRATION_LOCK])
        connection.execute(
            "CREATE TABLE IF NOT EXISTS audit_migrations ("
            "number INTEGER PRIMARY KEY, name TEXT NOT NULL, fingerprint TEXT NOT NULL, "
            "applied TIMESTAMPTZ NOT NULL DEFAULT now())"
        )
        rows = connection.execute("SELECT number, fingerprint FROM audit_migrations").fetchall()
        missing = missing_of(migrations(), dict(rows))
        for migration in missing:
            _apply(connection, migration)
    return [migration.name for migration in missing]


def missing_of(known: list[Migration], applied: Mapping[int, str]) -> list[Migration]:
    """Give the migrations still to apply. `applied` maps numbers to fingerprints.

    Raises MigrationError as `migrate` does.
    """
    unknown = sorted(set(applied) - {migration.number for migration in known})
    if unknown:
        raise MigrationError(
            f"expected a schema up to migration {len(known)}, found migration {unknown[-1]}; "
            "run the version of mts1b-operations that applied it"
        )
    for migration in known:
        found = applied.get(migration.number, migration.fingerprint)
        if found != migration.fingerprint:
            raise MigrationError(
                f"{migration.name}: expected fingerprint {migration.fingerprint[:12]}, "
                f"found {found[:12]} in the database; never edit an applied migration, add one"
            )
    return [migration for migration in known if migration.number not in applied]


def _apply(connection: psycopg.Connection, migration: Migration) -> None:
    connection.execute(migration.statements.encode())
    connection.execute(
        "INSERT INTO audit_migrations (number, name, fingerprint) VALUES (%s, %s, %s)",
        [migration.number, migration.name, migration.fingerprint],
    )
