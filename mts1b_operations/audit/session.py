"""Database sessions with a bound on every wait."""

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from pydantic import SecretStr

from mts1b_operations.audit.failures import DsnError, database_errors

_CONNECT_TIMEOUT_S = 5
_WRITER_OPTIONS = {
    "statement_timeout": "15s",
    "lock_timeout": "5s",
    "idle_session_timeout": "10s",
    "idle_in_transaction_session_timeout": "10s",
    "synchronous_commit": "on",
    "timezone": "UTC",
}
_READER_OPTIONS = {
    "statement_timeout": "60s",
    "lock_timeout": "5s",
    "default_transaction_read_only": "on",
    "default_transaction_isolation": "repeatable\\ read",
    "timezone": "UTC",
}


def open_session(dsn: SecretStr, name: str, *, read_only: bool = False) -> psycopg.Connection:
    """Connect, with timeouts set for a writer or a reader.

    Raises DsnError for a malformed address, without repeating it (it may hold a password), and
    LedgerUnavailableError when the server cannot be reached.
    """
    options = _READER_OPTIONS if read_only else _WRITER_OPTIONS
    address = _address(dsn, name, " ".join(f"-c {key}={value}" for key, value in options.items()))
    with database_errors():
        return psycopg.connect(address, autocommit=True)


def _address(dsn: SecretStr, name: str, options: str) -> str:
    text = dsn.get_secret_value()
    if not text:
        raise DsnError("expected the address of PostgreSQL, found none; set MTS_POSTGRES_DSN")
    try:
        given = conninfo_to_dict(text).get("options") or ""
    except psycopg.ProgrammingError:
        raise DsnError(
            "expected an address such as postgresql://user@host:5432/mts, found one that cannot "
            "be read; correct MTS_POSTGRES_DSN"
        ) from None
    return make_conninfo(
        text,
        application_name=name,
        connect_timeout=_CONNECT_TIMEOUT_S,
        client_encoding="UTF8",
        options=f"{given} {options}".strip(),
        keepalives_idle=5,
        keepalives_interval=2,
        keepalives_count=3,
        tcp_user_timeout=15_000,
    )
