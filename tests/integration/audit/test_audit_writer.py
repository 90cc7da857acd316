"""The audit writer on real servers: everything once, gaps reported, one writer at a time."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from nats.aio.msg import Msg

from mts1b_operations.events.streams import EVENTS, HALTS
from mts1b_operations.local.nats import NatsServer
from tests.auditing import (
    Event,
    WriterProcess,
    admin_client,
    audited_ids,
    publish,
    running_writer,
    verdict,
    writer_environment,
)
from tests.waiting import until

pytestmark = pytest.mark.integration

_ORDERS = [Event(f"o{number}") for number in range(50)]
_HALTS = [Event(f"h{number}", halt=True) for number in range(20)]


@pytest.fixture
def environment(nats_server: NatsServer, postgres_dsn: str) -> dict[str, str]:
    return writer_environment(nats_server, postgres_dsn)


@pytest.fixture
def writer(
    environment: dict[str, str], nats_server: NatsServer, tmp_path: Path
) -> Iterator[WriterProcess]:
    _send(nats_server, [])
    with running_writer(environment, tmp_path / "writer.log") as running:
        yield running


def _send(server: NatsServer, events: list[Event], sending: int = 0) -> None:
    async def send() -> None:
        async with admin_client(server) as client:
            await publish(client, events, sending)

    asyncio.run(send())


def _ids(events: list[Event]) -> list[str]:
    return sorted(event.event_id for event in events)


def _wait_for(dsn: str, events: list[Event]) -> None:
    until(lambda: sorted(audited_ids(dsn)) == _ids(events), 20)


def _gaps(dsn: str) -> list[dict[str, object]]:
    with psycopg.connect(dsn) as connection:
        rows = connection.execute("SELECT data FROM audit_log WHERE action = 'operations.gap'")
        return [row[0] for row in rows.fetchall()]


def test_events_and_halts_become_entries(
    writer: WriterProcess, nats_server: NatsServer, postgres_dsn: str
) -> None:
    _send(nats_server, _ORDERS + _HALTS)
    _wait_for(postgres_dsn, _ORDERS + _HALTS)
    assert writer.stop() == 0
    done = verdict(postgres_dsn)
    assert done is not None
    assert (done.checked, done.damage) == (70, None)


@pytest.mark.usefixtures("writer")
def test_an_event_sent_again_under_its_id_is_one_entry(
    nats_server: NatsServer, postgres_dsn: str
) -> None:
    _send(nats_server, _ORDERS)
    _send(nats_server, _ORDERS, sending=1)
    last = Event("last")
    _send(nats_server, [last])
    _wait_for(postgres_dsn, [*_ORDERS, last])


@pytest.mark.usefixtures("writer")
def test_what_nobody_can_read_is_an_entry_too(nats_server: NatsServer, postgres_dsn: str) -> None:
    async def send() -> None:
        async with admin_client(nats_server) as client:
            jetstream = client.jetstream()
            subject = "mts.v1.oms.order.s1"
            await jetstream.publish(subject, b"\xff no json")
            await jetstream.publish(subject, b"{}", headers={"Status": "404"})
            await jetstream.publish(subject, b"{}", headers={"ce-id": "x" * 5000})
            await jetstream.publish("mts.v1.oms.order.a%00b", b'{"a": "\\u0000"}')
            await publish(client, [Event("last")])

    asyncio.run(send())
    _wait_for(postgres_dsn, [Event("last")])
    with psycopg.connect(postgres_dsn) as connection:
        rows = connection.execute("SELECT actor, subject_id FROM audit_log ORDER BY 1, 2")
        assert rows.fetchall() == [
            ("test", "s1"),
            ("unknown", "a%00b"),
            ("unknown", "s1"),
            ("unknown", "s1"),
            ("unknown", "s1"),
        ]


@pytest.mark.usefixtures("writer")
def test_says_every_second_that_it_lives_and_where_the_chain_ends(nats_server: NatsServer) -> None:
    async def listen() -> list[Msg]:
        async with admin_client(nats_server) as client:
            heard = await client.subscribe("mts.v1.operations.heartbeat.*")
            return [await heard.next_msg(timeout=15) for _ in range(2)]

    first, second = (json.loads(message.data) for message in asyncio.run(listen()))
    assert first["service"] == second["service"] == "audit_writer"
    assert first["timestamp"] < second["timestamp"]
    assert second["revision"] == f"0:{'0' * 64}"


def test_a_second_writer_stands_by_and_takes_over(
    writer: WriterProcess,
    environment: dict[str, str],
    nats_server: NatsServer,
    postgres_dsn: str,
    tmp_path: Path,
) -> None:
    until(lambda: "leading, from 0 entries on" in writer.log(), 15)
    with running_writer(environment, tmp_path / "second.log") as second:
        until(lambda: "another audit writer leads; standing by" in second.log(), 15)
        _send(nats_server, _ORDERS)
        _wait_for(postgres_dsn, _ORDERS)
        assert "leading" not in second.log()
        writer.kill()
        until(lambda: "leading, from 50 entries on" in second.log(), 15)
        _send(nats_server, _HALTS)
        _wait_for(postgres_dsn, _ORDERS + _HALTS)


def test_messages_purged_before_they_were_audited_are_a_gap(
    environment: dict[str, str], nats_server: NatsServer, postgres_dsn: str, tmp_path: Path
) -> None:
    async def purge() -> None:
        async with admin_client(nats_server) as client:
            await publish(client, _HALTS)
            await client.jetstream().purge_stream(HALTS, seq=31)

    with running_writer(environment, tmp_path / "writer.log"):
        _send(nats_server, _HALTS)
        _wait_for(postgres_dsn, _HALTS)
    _send(nats_server, [Event(f"x{number}", halt=True) for number in range(20)])
    asyncio.run(purge())
    with running_writer(environment, tmp_path / "writer.log"):
        until(lambda: len(_gaps(postgres_dsn)) == 1, 20)
    (gap,) = _gaps(postgres_dsn)
    assert (gap["stream"], gap["expected_sequence"], gap["found_sequence"]) == (HALTS, 21, 31)


def test_a_purge_of_what_is_audited_is_no_gap(
    writer: WriterProcess, nats_server: NatsServer, postgres_dsn: str
) -> None:
    async def purge() -> None:
        async with admin_client(nats_server) as client:
            await client.jetstream().purge_stream(EVENTS)

    _send(nats_server, _ORDERS)
    _wait_for(postgres_dsn, _ORDERS)
    until(lambda: asyncio.run(_all_acknowledged(nats_server)), 10)
    asyncio.run(purge())
    later = [Event("later")]
    _send(nats_server, later)
    _wait_for(postgres_dsn, _ORDERS + later)
    assert writer.stop() == 0
    assert _gaps(postgres_dsn) == []


async def _all_acknowledged(server: NatsServer) -> bool:
    async with admin_client(server) as client:
        info = await client.jetstream().consumer_info(EVENTS, "audit_writer")
        return (info.num_ack_pending, info.num_pending) == (0, 0)


@pytest.mark.usefixtures("writer")
def test_a_recreated_stream_is_a_gap_and_reading_goes_on(
    nats_server: NatsServer, postgres_dsn: str
) -> None:
    async def recreate() -> None:
        async with admin_client(nats_server) as client:
            await client.jetstream().delete_stream(HALTS)

    _send(nats_server, _HALTS)
    _wait_for(postgres_dsn, _HALTS)
    asyncio.run(recreate())
    fresh = [Event("fresh", halt=True)]
    _send(nats_server, fresh)
    _wait_for(postgres_dsn, _HALTS + fresh)
    until(lambda: len(_gaps(postgres_dsn)) == 1, 20)
    (gap,) = _gaps(postgres_dsn)
    assert (gap["expected_sequence"], gap["found_sequence"]) == (21, 1)
    assert "deleted and created again" in str(gap["reason"])


@pytest.mark.usefixtures("writer")
def test_a_deleted_consumer_is_made_again_and_doubles_nothing(
    nats_server: NatsServer, postgres_dsn: str
) -> None:
    async def delete() -> None:
        async with admin_client(nats_server) as client:
            await client.jetstream().delete_consumer(EVENTS, "audit_writer")

    _send(nats_server, _ORDERS)
    _wait_for(postgres_dsn, _ORDERS)
    asyncio.run(delete())
    later = [Event("later")]
    _send(nats_server, later)
    _wait_for(postgres_dsn, _ORDERS + later)


def test_settings_that_cannot_work_end_it_with_one_line(
    environment: dict[str, str], tmp_path: Path
) -> None:
    wrong = environment | {"MTS_POSTGRES_DSN": "password=sesame nonsense"}
    with running_writer(wrong, tmp_path / "writer.log") as writer:
        assert writer.process.wait(timeout=20) == 2
        assert "correct MTS_POSTGRES_DSN" in writer.log()
        assert writer.log().count("\n") == 1
        assert "sesame" not in writer.log()


def test_stops_while_it_waits_for_its_servers(environment: dict[str, str], tmp_path: Path) -> None:
    away = environment | {"MTS_POSTGRES_DSN": "postgresql://u:sesame@127.0.0.1:1/mts"}
    with running_writer(away, tmp_path / "writer.log") as writer:
        until(lambda: "PostgreSQL: connection failed" in writer.log(), 15)
        assert writer.stop() == 0
        assert "sesame" not in writer.log()
