"""A NATS client of one role, for the tests of this folder."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import nats
from nats.aio.client import Client

from mts1b_operations.events.roles import inbox_prefix


@asynccontextmanager
async def connected(
    url: str, role: str, password: str, errors: list[Exception] | None = None
) -> AsyncIterator[Client]:
    """Connect as `role`; what the server refuses is appended to `errors`."""

    async def remember(error: Exception) -> None:
        if errors is not None:
            errors.append(error)

    client = await nats.connect(
        url,
        user=role,
        password=password,
        inbox_prefix=inbox_prefix(role).encode(),
        connect_timeout=5,
        allow_reconnect=False,
        error_cb=remember,
    )
    try:
        yield client
    finally:
        await client.close()


async def barrier(client: Client) -> None:
    """Return when the server has processed everything that `client` sent before.

    nats-py writes the PING of a flush ahead of what is still buffered, so that the first answer
    proves nothing about it; by the second PING the buffer is written.
    """
    await client.flush()
    await client.flush()
