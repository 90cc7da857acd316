import logging
import threading
from collections.abc import Iterator

import pytest
from pydantic import SecretStr

from mts1b_operations.events.streams import EVENTS, HALTS, READINGS
from mts1b_operations.local.nats import NatsServer
from mts1b_operations.sinks.delivery.courier import PermissionDeniedError
from mts1b_operations.sinks.delivery.link import Link, Login
from mts1b_operations.sinks.delivery.outbox import DeliveryError
from mts1b_operations.sinks.jetstream import JetStreamPartition, JetStreamSink
from tests.integration.sinks.scene import (
    create_streams,
    flow_of,
    ids_in,
    limit,
    messages_in,
    payloads_in,
    run,
    sink_of,
    stored,
)
from tests.unit.sinks.samples import alert, emitted, halt, reading
from tests.waiting import until

pytestmark = pytest.mark.integration

FULL = 10


@pytest.fixture
def server(nats_server: NatsServer) -> NatsServer:
    create_streams(nats_server)
    return nats_server


@pytest.fixture
def partition(server: NatsServer) -> Iterator[JetStreamPartition]:
    part = sink_of(server, patience=10.0).build_part("out", "0", None)
    yield part
    part.close()


def test_every_emission_of_a_flow_is_stored_in_its_stream(server: NatsServer) -> None:
    emissions = [(f"K{number % 7}", reading(number)) for number in range(300)]
    emissions += [("alpha", alert(1)), ("alpha", halt(1))]
    run(flow_of(emissions, sink_of(server)))
    assert len(set(ids_in(server, READINGS))) == 300
    assert payloads_in(server, EVENTS)[0]["alert_id"] == "00000001-alert"
    assert payloads_in(server, HALTS)[0]["level"] == "FUND_HALT"


def test_a_snapshot_waits_for_the_stream(server: NatsServer, partition: JetStreamPartition) -> None:
    partition.write_batch([alert(number) for number in range(200)])
    assert partition.snapshot() == []
    assert stored(server, EVENTS) == 200


def test_the_same_emissions_twice_are_stored_once(server: NatsServer) -> None:
    for _ in range(2):
        run(flow_of([("a", alert(number)) for number in range(20)], sink_of(server)))
    assert stored(server, EVENTS) == 20


def test_headers_are_cloud_events(server: NatsServer, partition: JetStreamPartition) -> None:
    emission = halt(1)
    partition.write_batch([emission])
    partition.snapshot()
    (message,) = messages_in(server, HALTS)
    assert emission.headers().items() <= (message.headers or {}).items()
    assert message.data == emission.payload()


def test_a_halt_passes_a_full_stream_and_the_rest_stays_in_the_snapshot(
    server: NatsServer, partition: JetStreamPartition
) -> None:
    limit(server, EVENTS, FULL)
    partition.write_batch([alert(number) for number in range(50)])
    partition.write_batch([halt(1)])
    held = partition.snapshot()
    assert stored(server, HALTS) == 1
    assert len(held) == 50 - FULL
    limit(server, EVENTS, -1)
    until(lambda: stored(server, EVENTS) == 50)
    assert len(set(ids_in(server, EVENTS))) == 50


def test_what_a_snapshot_held_is_published_by_its_successor(server: NatsServer) -> None:
    limit(server, EVENTS, FULL)
    crashed = sink_of(server, patience=10.0).build_part("out", "0", None)
    crashed.write_batch([alert(number) for number in range(50)])
    held = crashed.snapshot()
    crashed._publisher.release()
    limit(server, EVENTS, -1)
    successor = sink_of(server, patience=10.0).build_part("out", "0", held)
    successor.write_batch([alert(50)])
    assert successor.snapshot() == []
    successor.close()
    assert len(set(ids_in(server, EVENTS))) == 51


def test_an_end_of_input_with_a_full_stream_is_an_error(server: NatsServer) -> None:
    limit(server, EVENTS, FULL)
    part = sink_of(server, patience=1.0).build_part("out", "0", None)
    part.write_batch([alert(number) for number in range(FULL + 5)])
    assert len(part.snapshot()) == 5
    with pytest.raises(DeliveryError, match=r"5 to MTS_EVENTS .*maximum messages exceeded"):
        part.close()


def test_a_full_carry_ends_in_an_error_instead_of_loss(server: NatsServer) -> None:
    limit(server, EVENTS, FULL)
    part = sink_of(server, patience=0.5, carry=20).build_part("out", "0", None)
    with pytest.raises(DeliveryError, match="MTS_EVENTS"):
        part.write_batch([alert(number) for number in range(2000)])
    part.close()


def test_a_role_without_the_right_is_named_with_the_subject(server: NatsServer) -> None:
    part = sink_of(server, role="prober", patience=10.0).build_part("out", "0", None)
    part.write_batch([halt(1)])
    with pytest.raises(PermissionDeniedError, match=r"'prober'.*mts\.v1\.operations\.halt"):
        part.snapshot()
    part.close()
    assert stored(server, HALTS) == 0


def test_a_wrong_password_is_one_clear_error(server: NatsServer) -> None:
    sink = JetStreamSink(server.url, "flows", SecretStr("wrong"), patience=10.0)
    part = sink.build_part("out", "0", None)
    part.write_batch([halt(1)])
    with pytest.raises(DeliveryError, match="accept the user 'flows'") as caught:
        part.snapshot()
    part.close()
    assert "wrong" not in str(caught.value)


def test_a_message_that_no_server_takes_is_an_error(server: NatsServer) -> None:
    part = sink_of(server, patience=10.0).build_part("out", "0", None)
    huge = reading(1).event.model_copy(update={"detail": {"text": "x" * 9_000_000}})
    part.write_batch([emitted(huge, 1)])
    with pytest.raises(DeliveryError, match="at most 8388608 bytes"):
        part.snapshot()
    part.close()


def test_streams_that_do_not_exist_yet_are_waited_for(
    nats_server: NatsServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    part = sink_of(nats_server, patience=10.0).build_part("out", "0", None)
    part.write_batch([halt(1)])
    until(lambda: "MTS_HALTS: delivery stalled" in caplog.text)
    create_streams(nats_server)
    assert part.snapshot() == []
    part.close()
    assert stored(nats_server, HALTS) == 1
    assert "MTS_HALTS: delivery resumed" in caplog.text


def test_a_server_that_is_away_ends_the_patience(nats_server: NatsServer) -> None:
    nats_server.stop()
    part = sink_of(nats_server, patience=0.5).build_part("out", "0", None)
    part.write_batch([halt(1)])
    with pytest.raises(DeliveryError, match=r"1 to MTS_HALTS .*the snapshot has them all"):
        part.snapshot()
    part.close()


def test_an_absent_server_is_not_asked_without_pause(
    nats_server: NatsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    nats_server.stop()
    attempts = []
    real_open = Link.open

    async def counted(link: Link, server: str, login: Login) -> None:
        attempts.append(server)
        await real_open(link, server, login)

    monkeypatch.setattr(Link, "open", counted)
    part = sink_of(nats_server, patience=1.0).build_part("out", "0", None)
    for number in range(20):
        part.write_batch([alert(number)])
    with pytest.raises(DeliveryError, match="Connect call failed"):
        part.snapshot()
    part.close()
    assert 2 <= len(attempts) <= 12


def test_closing_while_unwinding_raises_nothing(nats_server: NatsServer) -> None:
    nats_server.stop()
    part = sink_of(nats_server, patience=60.0).build_part("out", "0", None)
    part.write_batch([halt(1)])
    part.close()
    assert not [thread for thread in threading.enumerate() if thread.name == "mts-publisher"]


def test_the_error_reaches_whoever_runs_the_flow(server: NatsServer) -> None:
    flow = flow_of([("a", halt(1))], sink_of(server, role="prober"))
    with pytest.raises(RuntimeError) as caught:
        run(flow)
    assert "'prober'" in str(caught.value.__cause__)


def test_one_thread_serves_all_partitions(server: NatsServer) -> None:
    sink = sink_of(server)
    parts = [sink.build_part("out", name, None) for name in sink.list_parts()]
    threads = [thread for thread in threading.enumerate() if thread.name == "mts-publisher"]
    assert len(threads) == 1
    for part in parts:
        part.close()
    assert not threads[0].is_alive()
