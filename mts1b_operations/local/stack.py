"""The whole embedded stack on one data directory, and what a client needs to use it."""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Self

from pydantic import SecretStr

from mts1b_operations.events.roles import ROLES
from mts1b_operations.local.credentials import Credentials
from mts1b_operations.local.lock import DirectoryLock
from mts1b_operations.local.nats import NatsServer
from mts1b_operations.local.openbao import OpenBaoServer
from mts1b_operations.local.ports import Ports
from mts1b_operations.local.postgres import PostgresServer
from mts1b_operations.local.process import ServerFailedError

DATA_DIR = Path(".mts")
"""Where the stack keeps its data unless told otherwise."""


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Addresses and credentials of the three servers."""

    nats_url: str
    nats_monitor_url: str
    nats_passwords: Mapping[str, SecretStr]
    postgres_dsn: SecretStr
    vault_address: str
    vault_token: SecretStr

    def environment(self, role: str) -> dict[str, str]:
        """Give the variables by which a child process finds the servers as `role`.

        The values are secrets: hand them to a child, never to a log. Raises KeyError for a role
        that the server does not know.
        """
        if role not in self.nats_passwords:
            known = ", ".join(sorted(self.nats_passwords))
            raise KeyError(f"expected a role ({known}), found {role!r}; see events/roles.py")
        return {
            "MTS_NATS_URL": self.nats_url,
            "MTS_NATS_MONITOR_URL": self.nats_monitor_url,
            "MTS_NATS_USER": role,
            "MTS_NATS_PASSWORD": self.nats_passwords[role].get_secret_value(),
            "MTS_POSTGRES_DSN": self.postgres_dsn.get_secret_value(),
            "MTS_VAULT_ADDRESS": self.vault_address,
            "MTS_VAULT_TOKEN": self.vault_token.get_secret_value(),
        }


class Stack:
    """NATS, PostgreSQL and OpenBao, started and stopped together. Not thread-safe.

    A data directory has one stack at a time. Servers that a killed stack left over end by
    themselves; starting again on the directory waits for them and keeps its data.
    """

    def __init__(self, data_dir: Path = DATA_DIR, ports: Ports | None = None) -> None:
        """Keep everything below `data_dir`; without `ports`, free ones are chosen at start."""
        self.data_dir = data_dir.resolve()
        self._ports = ports
        self._lock = DirectoryLock(self.data_dir / "lock")
        self._servers: _Servers | None = None
        self._endpoints: Endpoints | None = None

    @property
    def endpoints(self) -> Endpoints:
        """Say where the servers are. Raises `ServerFailedError` unless the stack was started."""
        if self._endpoints is None:
            raise ServerFailedError("expected a running stack, found none; start it")
        return self._endpoints

    @property
    def nats(self) -> NatsServer:
        """Give the NATS server, to restart or kill it. Raises `ServerFailedError` if stopped."""
        return self._running().nats

    @property
    def postgres(self) -> PostgresServer:
        """Give the PostgreSQL server. Raises `ServerFailedError` if stopped."""
        return self._running().postgres

    @property
    def openbao(self) -> OpenBaoServer:
        """Give the OpenBao server. Raises `ServerFailedError` if stopped."""
        return self._running().openbao

    def start(self) -> None:
        """Start the three servers side by side and return when all serve.

        Raises `DirectoryInUseError` when the data directory has another owner, and
        `ServerFailedError` when a server does not start; none is left running then.
        """
        self.data_dir.mkdir(parents=True, exist_ok=True)
        self._lock.acquire()
        with ExitStack() as undo:
            undo.callback(self.stop)
            self._start_servers()
            undo.pop_all()

    def stop(self) -> None:
        """Stop the servers that run; their data stays."""
        if self._servers is not None:
            _side_by_side([server.stop for server in self._servers.all()])
        self._servers = None
        self._endpoints = None
        self._lock.release()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def _running(self) -> "_Servers":
        if self._servers is None:
            raise ServerFailedError("expected a running stack, found none; start it")
        return self._servers

    def _start_servers(self) -> None:
        path = self.data_dir / "credentials.json"
        credentials = Credentials.load_or_create(path, [role.name for role in ROLES])
        ports = self._ports or Ports.free()
        self._servers = _Servers.on(self.data_dir, ports, credentials)
        _side_by_side([server.start for server in self._servers.all()])
        token = SecretStr(self._servers.openbao.token)
        credentials.model_copy(update={"vault_token": token}).write(path)
        self._endpoints = self._servers.endpoints(credentials.nats)


@dataclass(frozen=True, slots=True)
class _Servers:
    nats: NatsServer
    postgres: PostgresServer
    openbao: OpenBaoServer

    @classmethod
    def on(cls, data_dir: Path, ports: Ports, credentials: Credentials) -> Self:
        passwords = {role: word.get_secret_value() for role, word in credentials.nats.items()}
        password = credentials.postgres.get_secret_value()
        return cls(
            NatsServer(data_dir / "nats", ports.nats, ports.nats_monitor, passwords),
            PostgresServer(data_dir / "postgres", ports.postgres, password),
            OpenBaoServer(data_dir / "openbao", ports.vault),
        )

    def all(self) -> tuple[NatsServer, PostgresServer, OpenBaoServer]:
        return (self.nats, self.postgres, self.openbao)

    def endpoints(self, passwords: Mapping[str, SecretStr]) -> Endpoints:
        return Endpoints(
            nats_url=self.nats.url,
            nats_monitor_url=self.nats.monitor_url,
            nats_passwords=MappingProxyType(dict(passwords)),
            postgres_dsn=SecretStr(self.postgres.dsn),
            vault_address=self.openbao.address,
            vault_token=SecretStr(self.openbao.token),
        )


def _side_by_side(actions: list[Callable[[], None]]) -> None:
    with ThreadPoolExecutor(len(actions), thread_name_prefix="stack") as pool:
        futures = [pool.submit(action) for action in actions]
    for future in futures:
        future.result()
