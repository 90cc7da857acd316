"""`kill -9` at random moments under load: of the writer, of nats-server, of PostgreSQL.

The seed fixes the moments as far as a real process can be timed.
"""

import asyncio
import secrets
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from mts1b_operations.local.nats import NatsServer
from mts1b_operations.local.ports import free_ports
from mts1b_operations.local.postgres import PostgresServer
from tests.auditing import (
    Event,
    Load,
    admin_client,
    audited_ids,
    running_writer,
    verdict,
    writer_environment,
)
from tests.waiting import until

pytestmark = [pytest.mark.fault, pytest.mark.slow]

_WRITER = "mts1b_operations.workers.audit_writer"
_FORGETFUL = "tests.faults.audit.forgetful_writer"
_KILLS = 10


def _event(number: int) -> Event:
    return Event(f"e{number}", halt=number % 5 == 0)


def _once(load: Load) -> Counter[str]:
    return Counter(event.event_id for event in load.published)


@pytest.fixture
def postgres(tmp_path: Path) -> Iterator[PostgresServer]:
    (port,) = free_ports(1)
    server = PostgresServer(tmp_path / "postgres", port, secrets.token_urlsafe(12))
    server.start()
    yield server
    server.stop()


@pytest.fixture(autouse=True)
def _streams(nats_server: NatsServer) -> None:
    async def create() -> None:
        async with admin_client(nats_server):
            pass

    asyncio.run(create())


def _pass_time(random: Random) -> None:
    """Let a random moment come: the wait is the experiment, there is nothing to poll."""
    moment = time.monotonic() + random.uniform(0.2, 1.0)
    until(lambda: time.monotonic() > moment)


def _all_audited(dsn: str, load: Load) -> bool:
    return len(set(audited_ids(dsn))) == len(load.published)


def _require_a_whole_chain(dsn: str) -> None:
    done = verdict(dsn)
    assert done is not None
    assert done.damage is None


def _kill_writers(
    module: str, server: NatsServer, dsn: str, folder: Path, seed: int
) -> tuple[Counter[str], Counter[str]]:
    """Kill writers under load; give the ids in the chain and those that were published."""
    random = Random(seed)  # noqa: S311
    environment = writer_environment(server, dsn)
    with Load(server, _event) as load:
        for _ in range(_KILLS):
            assert load.running
            with running_writer(environment, folder / "writer.log", module) as writer:
                before = writer.log().count("leading")
                until(lambda: writer.log().count("leading") > before, 20)  # noqa: B023
                _pass_time(random)
                writer.kill()
    with running_writer(environment, folder / "writer.log", module) as last:
        until(lambda: last.log().count("leading") > _KILLS, 20)
        until(lambda: _all_audited(dsn, load), 60)
        assert last.stop() == 0
    _require_a_whole_chain(dsn)
    return Counter(audited_ids(dsn)), _once(load)


@pytest.mark.parametrize("seed", [1, 2])
def test_killed_writers_lose_nothing_and_double_nothing(
    nats_server: NatsServer, postgres_dsn: str, tmp_path: Path, seed: int
) -> None:
    found, published = _kill_writers(_WRITER, nats_server, postgres_dsn, tmp_path, seed)
    assert found == published


def test_control_without_ids_there_are_doubles(
    nats_server: NatsServer, postgres_dsn: str, tmp_path: Path
) -> None:
    found, published = _kill_writers(_FORGETFUL, nats_server, postgres_dsn, tmp_path, 1)
    assert found - published


def test_a_killed_nats_server_loses_nothing_and_doubles_nothing(
    nats_server: NatsServer, postgres_dsn: str, tmp_path: Path
) -> None:
    random = Random(3)  # noqa: S311
    environment = writer_environment(nats_server, postgres_dsn)
    with running_writer(environment, tmp_path / "writer.log") as writer:
        with Load(nats_server, _event) as load:
            for _ in range(5):
                _pass_time(random)
                assert load.running
                nats_server.kill()
                nats_server.start()
        until(lambda: _all_audited(postgres_dsn, load), 60)
        assert writer.process.poll() is None
        assert writer.stop() == 0
    _require_a_whole_chain(postgres_dsn)
    assert Counter(audited_ids(postgres_dsn)) == _once(load)


def test_a_killed_postgres_loses_nothing_and_doubles_nothing(
    nats_server: NatsServer, postgres: PostgresServer, tmp_path: Path
) -> None:
    random = Random(4)  # noqa: S311
    environment = writer_environment(nats_server, postgres.dsn)
    with running_writer(environment, tmp_path / "writer.log") as writer:
        with Load(nats_server, _event) as load:
            for _ in range(5):
                _pass_time(random)
                assert load.running
                postgres.kill()
                postgres.start()
        until(lambda: _all_audited(postgres.dsn, load), 60)
        assert "PostgreSQL: back" in writer.log()
        assert writer.stop() == 0
    _require_a_whole_chain(postgres.dsn)
    assert Counter(audited_ids(postgres.dsn)) == _once(load)
