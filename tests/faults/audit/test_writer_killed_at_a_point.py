"""`kill -9` of the writer before its commit, and between commit and acknowledgement.

The point is chosen from outside: whoever holds the head row keeps the writer before its commit,
and a NATS server that has gone keeps it from acknowledging.
"""

import asyncio
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from nats.js.api import ConsumerInfo

from mts1b_operations.events.streams import EVENTS
from mts1b_operations.local.nats import NatsServer
from tests.auditing import (
    Event,
    admin_client,
    audited_ids,
    publish,
    running_writer,
    verdict,
    writer_environment,
)
from tests.waiting import until

pytestmark = pytest.mark.fault

_WRITER = "mts1b_operations.workers.audit_writer"
_HASTY = "tests.faults.audit.hasty_writer"
_FORGETFUL = "tests.faults.audit.forgetful_writer"
_FIRST = [Event(f"first{number}") for number in range(20)]
_HELD = [Event(f"held{number}") for number in range(20)]
_LAST = Event("last")


def _send(server: NatsServer, events: list[Event]) -> None:
    async def send() -> None:
        async with admin_client(server) as client:
            await publish(client, events)

    asyncio.run(send())


def _consumer(server: NatsServer) -> ConsumerInfo:
    async def ask() -> ConsumerInfo:
        async with admin_client(server) as client:
            info: ConsumerInfo = await client.jetstream().consumer_info(EVENTS, "audit_writer")
            return info

    return asyncio.run(ask())


def _has_delivered_all(server: NatsServer) -> bool:
    return _consumer(server).num_pending == 0


@contextmanager
def _head_held(dsn: str) -> Iterator[None]:
    with psycopg.connect(dsn) as holder:
        holder.execute("SELECT * FROM audit_head FOR UPDATE")
        yield
        holder.rollback()


def _waits_for_the_head(dsn: str) -> bool:
    query = (
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' "
        "AND application_name = 'mts audit writer' AND datname = current_database()"
    )
    with psycopg.connect(dsn) as connection:
        row = connection.execute(query).fetchone()
    return row is not None and row[0] > 0


def _finish(server: NatsServer, dsn: str, environment: dict[str, str], log: Path) -> Counter[str]:
    """Run the real writer until it has caught up, and count what the chain holds."""
    with running_writer(environment, log):
        _send(server, [_LAST])
        until(lambda: _LAST.event_id in audited_ids(dsn), 20)
        until(lambda: _consumer(server).num_ack_pending == 0, 20)
    done = verdict(dsn)
    assert done is not None
    assert done.damage is None
    return Counter(audited_ids(dsn))


def _killed_before_the_commit(
    module: str, server: NatsServer, dsn: str, folder: Path
) -> Counter[str]:
    environment = writer_environment(server, dsn)
    _send(server, _FIRST)
    with running_writer(environment, folder / "writer.log", module) as writer:
        until(lambda: len(audited_ids(dsn)) == len(_FIRST), 20)
        with _head_held(dsn):
            _send(server, _HELD)
            until(lambda: _waits_for_the_head(dsn) and _has_delivered_all(server), 20)
            writer.kill()
    return _finish(server, dsn, environment, folder / "again.log")


def _killed_after_the_commit(
    module: str, server: NatsServer, dsn: str, folder: Path
) -> Counter[str]:
    environment = writer_environment(server, dsn)
    _send(server, _FIRST)
    with running_writer(environment, folder / "writer.log", module) as writer:
        until(lambda: len(audited_ids(dsn)) == len(_FIRST), 20)
        with _head_held(dsn):
            _send(server, _HELD)
            until(lambda: _waits_for_the_head(dsn) and _has_delivered_all(server), 20)
            server.kill()
        until(lambda: len(audited_ids(dsn)) > len(_FIRST), 20)
        writer.kill()
    server.start()
    if module == _FORGETFUL:
        with running_writer(environment, folder / "again.log", module):
            until(lambda: _consumer(server).num_ack_pending == 0, 20)
    return _finish(server, dsn, environment, folder / "last.log")


_EVERYTHING_ONCE = Counter(event.event_id for event in [*_FIRST, *_HELD, _LAST])


def test_killed_before_the_commit_nothing_is_lost(
    nats_server: NatsServer, postgres_dsn: str, tmp_path: Path
) -> None:
    found = _killed_before_the_commit(_WRITER, nats_server, postgres_dsn, tmp_path)
    assert found == _EVERYTHING_ONCE


def test_control_acknowledging_first_loses(
    nats_server: NatsServer, postgres_dsn: str, tmp_path: Path
) -> None:
    found = _killed_before_the_commit(_HASTY, nats_server, postgres_dsn, tmp_path)
    assert _EVERYTHING_ONCE - found


def test_killed_after_the_commit_nothing_is_double(
    nats_server: NatsServer, postgres_dsn: str, tmp_path: Path
) -> None:
    found = _killed_after_the_commit(_WRITER, nats_server, postgres_dsn, tmp_path)
    assert found == _EVERYTHING_ONCE


def test_control_without_ids_there_are_doubles(
    nats_server: NatsServer, postgres_dsn: str, tmp_path: Path
) -> None:
    found = _killed_after_the_commit(_FORGETFUL, nats_server, postgres_dsn, tmp_path)
    assert found - _EVERYTHING_ONCE
