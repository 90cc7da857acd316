"""What can go wrong with the ledger, in our words and without any secret."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg


class LedgerError(RuntimeError):
    """The ledger could not do what was asked; nothing of it was written."""


class LedgerUnavailableError(LedgerError):
    """The database is down, full, too slow or has closed the session: try again."""


class LedgerDamagedError(LedgerError):
    """The tables contradict each other, or refuse what they should take."""


class DsnError(ValueError):
    """A connection string that PostgreSQL's client library cannot read."""


@contextmanager
def database_errors() -> Iterator[None]:
    """Turn the driver's errors into ours."""
    try:
        yield
    except (psycopg.OperationalError, psycopg.InterfaceError) as failure:
        raise LedgerUnavailableError(_one_line(failure)) from failure
    except psycopg.Error as failure:
        raise LedgerDamagedError(
            f"expected the audit tables to take the entries, found: {_one_line(failure)}; "
            "run audit verify"
        ) from failure


def _one_line(failure: psycopg.Error) -> str:
    return " ".join(str(failure).split()) or type(failure).__name__
