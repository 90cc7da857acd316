"""The servers that tests talk to: named by the environment, or the test run's own."""

import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo
from pydantic import SecretStr

from mts1b_operations.events.roles import ROLES
from mts1b_operations.local.nats import PASSWORD_VARIABLE
from mts1b_operations.local.stack import Endpoints, Stack

_NAMES = ("MTS_NATS_URL", "MTS_POSTGRES_DSN", "MTS_VAULT_ADDRESS")


class Servers(Protocol):
    """What the `stack` fixture gives: the run's own `Stack`, or servers that others run."""

    @property
    def endpoints(self) -> Endpoints: ...


@dataclass(frozen=True)
class NamedServers:
    """Servers of which at least one is named by the environment."""

    endpoints: Endpoints


@contextmanager
def serving(environment: Mapping[str, str], data_dir: Path) -> Iterator[Servers]:
    """Give the servers that `environment` names, and start a stack for those it does not."""
    named = [name for name in _NAMES if environment.get(name)]
    if len(named) == len(_NAMES):
        yield NamedServers(renamed(_NOWHERE, environment))
        return
    with Stack(data_dir) as own:
        yield NamedServers(renamed(own.endpoints, environment)) if named else own


_NOWHERE = Endpoints("", "", {}, SecretStr(""), "", SecretStr(""))


def renamed(own: Endpoints, environment: Mapping[str, str]) -> Endpoints:
    """Replace in `own` every server that `environment` names. KeyError names what is missing."""
    if environment.get("MTS_NATS_URL"):
        own = replace(
            own,
            nats_url=environment["MTS_NATS_URL"],
            nats_monitor_url=environment["MTS_NATS_MONITOR_URL"],
            nats_passwords=_passwords(environment),
        )
    if environment.get("MTS_POSTGRES_DSN"):
        own = replace(own, postgres_dsn=SecretStr(environment["MTS_POSTGRES_DSN"]))
    if environment.get("MTS_VAULT_ADDRESS"):
        token = SecretStr(environment["MTS_VAULT_TOKEN"])
        own = replace(own, vault_address=environment["MTS_VAULT_ADDRESS"], vault_token=token)
    return own


def _passwords(environment: Mapping[str, str]) -> dict[str, SecretStr]:
    variables = {role.name: PASSWORD_VARIABLE + role.name.upper() for role in ROLES}
    return {role: SecretStr(environment[variable]) for role, variable in variables.items()}


@contextmanager
def fresh_database(dsn: str) -> Iterator[str]:
    """Create a database of its own on the server of `dsn`, give its DSN, and drop it."""
    name = f"test_{secrets.token_hex(8)}"
    with psycopg.connect(dsn, autocommit=True, connect_timeout=5) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    try:
        yield make_conninfo(dsn, dbname=name)
    finally:
        with psycopg.connect(dsn, autocommit=True, connect_timeout=5) as connection:
            query = sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name))
            connection.execute(query)
