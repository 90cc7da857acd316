"""A whole system on one data directory: servers, streams, settings, processes, an observer."""

import asyncio
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from nats.aio.client import Client
from nats.errors import TimeoutError as NatsTimeoutError
from nats.js.errors import NotFoundError
from pydantic import SecretStr

from mts1b_operations.audit.archive import open_archive
from mts1b_operations.audit.failures import LedgerError
from mts1b_operations.cli.connecting import connections_as, logged_in
from mts1b_operations.cli.session.children import Children
from mts1b_operations.cli.session.observer import Observer
from mts1b_operations.events.roles import ADMIN
from mts1b_operations.events.streams import EVENTS, HALTS, MARKETDATA, READINGS
from mts1b_operations.local import running
from mts1b_operations.local.stack import Endpoints, Stack
from mts1b_operations.settings.connections import Connections
from mts1b_operations.settings.tree import SettingsTree
from mts1b_operations.settings.vault import SettingsVault
from mts1b_operations.sources.bootstrap import assert_fsync, ensure_streams
from mts1b_operations.sources.connection import Credentials

_READERS = {MARKETDATA: 8, EVENTS: 3, HALTS: 2, READINGS: 2}
"""How many ephemeral consumers each stream has once every flow and the observer read."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to bring up: where, with which settings to put into the vault, with which options."""

    data_dir: Path
    tree: SettingsTree | None = None
    flow_options: tuple[str, ...] = ()


class System:
    """Servers and processes, up inside the `with` block. Raises what the servers raise."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._open = ExitStack()
        self._stack = Stack(plan.data_dir)
        self.children: Children
        self.observer: Observer

    def __enter__(self) -> Self:
        with ExitStack() as opening:
            opening.enter_context(self._stack)
            self._prepare(opening)
            self.observer = opening.enter_context(Observer(self._login("flows")))
            options = self._plan.flow_options
            self.children = Children(self._plan.data_dir, self.endpoints, options)
            opening.enter_context(self.children.supervisor)
            self._open = opening.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._open.close()

    @property
    def endpoints(self) -> Endpoints:
        """Say where the servers are."""
        return self._stack.endpoints

    def _prepare(self, opening: ExitStack) -> None:
        """Leave word of the stack, make the streams, and put the settings into the vault."""
        data_dir = self._plan.data_dir
        running.announce(data_dir, self.endpoints)
        opening.callback(running.withdraw, data_dir)
        assert_fsync(self.endpoints.nats_monitor_url)
        asyncio.run(logged_in(self._connections(), ensure_streams))
        if self._plan.tree is not None:
            vault = SettingsVault(self.endpoints.vault_address, self.endpoints.vault_token)
            vault.write(self._plan.tree)

    def _connections(self) -> Connections:
        return connections_as(ADMIN, self._plan.data_dir)

    def _login(self, role: str) -> Credentials:
        password = SecretStr(self.endpoints.nats_passwords[role].get_secret_value())
        return Credentials(self.endpoints.nats_url, role, password)

    @property
    def logs(self) -> Path:
        """Say where the processes write their logs."""
        return self._plan.data_dir / "logs"

    def reading(self) -> bool:
        """Tell whether every flow has found its streams."""
        counts: dict[str, int] = {}
        asyncio.run(logged_in(self._connections(), lambda client: _count_readers(client, counts)))
        return all(counts.get(stream, 0) >= wanted for stream, wanted in _READERS.items())

    def stored(self) -> dict[str, int]:
        """Give the last sequence of each stream: how many messages it has ever taken."""
        counts: dict[str, int] = {}
        asyncio.run(logged_in(self._connections(), lambda client: _count_messages(client, counts)))
        return counts

    def entries(self) -> int:
        """Give the length of the audit chain; 0 while there is none, or no database."""
        try:
            with open_archive(self.endpoints.postgres_dsn) as archive:
                return archive.head.size if archive.head else 0
        except LedgerError:
            return 0


async def _count_readers(client: Client, counts: dict[str, int]) -> None:
    jetstream = client.jetstream(timeout=5)
    for stream in _READERS:
        try:
            consumers = await jetstream.consumers_info(stream)
        except (NotFoundError, NatsTimeoutError):
            continue
        counts[stream] = sum(one.name.startswith("mts-") for one in consumers)


async def _count_messages(client: Client, counts: dict[str, int]) -> None:
    jetstream = client.jetstream(timeout=5)
    for stream in _READERS:
        counts[stream] = (await jetstream.stream_info(stream)).state.last_seq
