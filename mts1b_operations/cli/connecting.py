"""Which servers a command talks to: those of the environment, else the running local stack."""

import os
from collections.abc import Awaitable, Callable
from pathlib import Path

import nats
from nats.aio.client import Client
from nats.errors import Error as NatsError
from pydantic import SecretStr

from mts1b_operations.events.roles import inbox_prefix
from mts1b_operations.local.running import running_stack
from mts1b_operations.settings.connections import Connections, connections
from mts1b_operations.sources.connection import ConnectionLostError

_TIMEOUT_S = 5


def connections_as(role: str, data_dir: Path) -> Connections:
    """Give addresses and credentials for `role`.

    With MTS_NATS_URL the environment decides, MTS_NATS_USER included; else the stack that runs
    on `data_dir`. Raises ConnectionSettingsError or ServerFailedError.
    """
    if "MTS_NATS_URL" in os.environ:
        settings = connections()
        return settings if settings.nats_user else settings.model_copy(update={"nats_user": role})
    endpoints = running_stack(data_dir)
    return Connections(
        nats_url=endpoints.nats_url,
        nats_monitor_url=endpoints.nats_monitor_url,
        nats_user=role,
        nats_password=SecretStr(endpoints.nats_passwords[role].get_secret_value()),
        postgres_dsn=endpoints.postgres_dsn,
        vault_address=endpoints.vault_address,
        vault_token=endpoints.vault_token,
    )


async def logged_in(connections: Connections, task: Callable[[Client], Awaitable[None]]) -> None:
    """Log in, do one task, and log out.

    Raises ConnectionLostError when the server cannot be reached or does not answer the task, and
    what else the task raises.
    """
    client = await _client(connections)
    try:
        await task(client)
    except NatsError as failure:
        raise ConnectionLostError(
            f"expected an answer of {connections.nats_url}, found: {failure!r}; try again"
        ) from failure
    finally:
        await client.close()


async def _client(connections: Connections) -> Client:
    troubles: list[Exception] = []

    async def note(trouble: Exception) -> None:
        troubles.append(trouble)

    try:
        return await nats.connect(
            connections.nats_url,
            user=connections.nats_user,
            password=connections.nats_password.get_secret_value(),
            inbox_prefix=inbox_prefix(connections.nats_user).encode(),
            connect_timeout=_TIMEOUT_S,
            allow_reconnect=False,
            # nats-py would try sixty times (2.16).
            max_reconnect_attempts=1,
            reconnect_time_wait=0,
            error_cb=note,
        )
    except (NatsError, OSError) as failure:
        # "No servers available" is all that the exception says of a refused connection.
        found = troubles[-1] if troubles else failure
        raise ConnectionLostError(
            f"expected to log in at {connections.nats_url} as {connections.nats_user!r}, found: "
            f"{found}; check MTS_NATS_URL, MTS_NATS_USER and MTS_NATS_PASSWORD"
        ) from failure
