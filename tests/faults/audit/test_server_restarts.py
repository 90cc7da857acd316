"""A writer that stays up while nats-server is killed goes on by itself."""

import asyncio
from collections import Counter
from pathlib import Path

import pytest

from mts1b_operations.local.nats import NatsServer
from tests.auditing import (
    Event,
    admin_client,
    audited_ids,
    publish,
    running_writer,
    writer_environment,
)
from tests.waiting import until

pytestmark = pytest.mark.fault


def _send(server: NatsServer, *events: Event) -> None:
    async def send() -> None:
        async with admin_client(server) as client:
            await publish(client, events)

    asyncio.run(send())


def test_reading_goes_on_after_a_restart_of_nats(
    nats_server: NatsServer, postgres_dsn: str, tmp_path: Path
) -> None:
    _send(nats_server, Event("before"))
    environment = writer_environment(nats_server, postgres_dsn)
    with running_writer(environment, tmp_path / "writer.log") as writer:
        until(lambda: audited_ids(postgres_dsn) == ["before"], 20)
        nats_server.kill()
        nats_server.start()
        _send(nats_server, Event("after"), Event("halted", halt=True))
        until(lambda: len(audited_ids(postgres_dsn)) == 3, 20)
        assert Counter(audited_ids(postgres_dsn)) == Counter(["before", "after", "halted"])
        assert writer.stop() == 0
