import asyncio
import secrets
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from nats.js import JetStreamContext
from nats.js.api import DiscardPolicy, PersistMode, RetentionPolicy

from mts1b_operations.events.roles import ROLES
from mts1b_operations.events.streams import (
    EVENTS,
    HALTS,
    MARKETDATA,
    PARTITIONS,
    STREAMS,
    partition_of,
)
from mts1b_operations.events.subjects import encode_token
from mts1b_operations.local.nats import NatsServer
from mts1b_operations.local.ports import free_ports
from mts1b_operations.sources.bootstrap import (
    StreamMismatchError,
    assert_fsync,
    check_streams,
    ensure_streams,
    stream_config,
)
from tests.integration.sources.scene import (
    as_admin,
    create,
    create_streams,
    delete,
    info_of,
    store,
)

pytestmark = pytest.mark.integration

CONFIGS = {spec.name: stream_config(spec) for spec in STREAMS}


def mismatch(server: NatsServer) -> str:
    with pytest.raises(StreamMismatchError) as refused:
        as_admin(server, lambda jetstream: check_streams(jetstream._nc))
    return str(refused.value)


def test_the_four_streams_are_made_and_found_again(nats_server: NatsServer) -> None:
    create_streams(nats_server)
    made = {name: info_of(nats_server, name).created for name in CONFIGS}
    create_streams(nats_server)
    assert {name: info_of(nats_server, name).created for name in CONFIGS} == made
    assert len(made) == 4


def test_a_stream_that_is_missing_is_named(nats_server: NatsServer) -> None:
    create_streams(nats_server)
    delete(nats_server, HALTS)
    assert "expected a stream MTS_HALTS, found none" in mismatch(nats_server)
    create_streams(nats_server)
    assert info_of(nats_server, HALTS).state.messages == 0


def replaced(server: NatsServer, name: str, **settings: object) -> None:
    """Make a stream again with other settings, which `update_stream` would refuse."""
    config = CONFIGS[name].evolve(**settings)
    delete(server, name)
    as_admin(server, lambda jetstream: jetstream.add_stream(config))


@pytest.mark.parametrize(
    ("stream", "settings", "named"),
    [
        (MARKETDATA, {"persist_mode": None}, "persist_mode: expected 'async', found 'default'"),
        (MARKETDATA, {"subject_transform": None}, "subject_transform: expected ("),
        (EVENTS, {"persist_mode": PersistMode.ASYNC}, "persist_mode: expected 'default'"),
        (EVENTS, {"discard": DiscardPolicy.OLD}, "discard: expected "),
        (EVENTS, {"subjects": ["mts.v1.news.item.>"]}, "subjects: expected ["),
        (EVENTS, {"max_age": 60.0}, "max_age: expected 'no limit', found 60.0"),
        (EVENTS, {"max_msgs": 7}, "max_msgs: expected 'no limit', found 7"),
        (HALTS, {"max_bytes": 1024}, "max_bytes: expected 'at least 268435456', found 1024"),
        (HALTS, {"max_bytes": -1}, "max_bytes: expected 'at least 268435456', found -1"),
        (HALTS, {"no_ack": True}, "no_ack: expected False, found True"),
        (HALTS, {"retention": RetentionPolicy.INTEREST}, "retention: expected "),
    ],
)
def test_every_broken_promise_is_named(
    bootstrapped: NatsServer, stream: str, settings: dict[str, object], named: str
) -> None:
    replaced(bootstrapped, stream, **settings)
    try:
        text = mismatch(bootstrapped)
        assert f"stream {stream} differs from the design" in text
        assert named in text
    finally:
        delete(bootstrapped, stream)
        create(bootstrapped, stream)


def test_all_differences_are_named_at_once(bootstrapped: NatsServer) -> None:
    replaced(bootstrapped, EVENTS, max_msgs=7, discard=DiscardPolicy.OLD)
    try:
        text = mismatch(bootstrapped)
        assert "max_msgs" in text
        assert "discard" in text
    finally:
        delete(bootstrapped, EVENTS)
        create(bootstrapped, EVENTS)


def test_a_larger_stream_is_no_difference(bootstrapped: NatsServer) -> None:
    replaced(bootstrapped, HALTS, max_bytes=512 << 20)
    as_admin(bootstrapped, lambda jetstream: check_streams(jetstream._nc))


def test_bootstrapping_changes_no_stream_that_differs(bootstrapped: NatsServer) -> None:
    replaced(bootstrapped, EVENTS, max_msgs=7)
    try:
        with pytest.raises(StreamMismatchError):
            as_admin(bootstrapped, lambda jetstream: ensure_streams(jetstream._nc))
        assert info_of(bootstrapped, EVENTS).config.max_msgs == 7
    finally:
        delete(bootstrapped, EVENTS)
        create(bootstrapped, EVENTS)


def test_two_processes_may_bootstrap_at_once(nats_server: NatsServer) -> None:
    async def both(jetstream: JetStreamContext) -> None:
        await asyncio.gather(*[ensure_streams(jetstream._nc) for _ in range(2)])

    as_admin(nats_server, both)
    as_admin(nats_server, lambda jetstream: check_streams(jetstream._nc))


def test_the_server_partitions_as_we_do(bootstrapped: NatsServer) -> None:
    symbols = [f"SYM{number}" for number in range(200)]
    symbols += ["BRK.B", "a b", "é", "BTC/USD", "~", "*", ">", "^GSPC", "x" * 100]
    tokens = [encode_token(symbol) for symbol in symbols]
    for token in tokens:
        store(bootstrapped, f"mts.v1.marketdata.trade.{token}", [b"{}"])
    expected = {f"mts.v1.marketdata.trade.{partition_of(token)}.{token}" for token in tokens}
    assert set(stored_subjects(bootstrapped)) == expected
    assert len({partition_of(token) for token in tokens}) == PARTITIONS


def stored_subjects(server: NatsServer) -> dict[str, int]:
    async def subjects(jetstream: JetStreamContext) -> dict[str, int]:
        info = await jetstream.stream_info(MARKETDATA, subjects_filter=">")
        return info.state.subjects or {}

    return as_admin(server, subjects)


def test_fsync_is_seen(nats_server: NatsServer) -> None:
    assert_fsync(nats_server.monitor_url)


class Careless(NatsServer):
    """A server that acknowledges first and writes when it likes."""

    def prepare(self) -> None:
        super().prepare()
        configuration = self.directory / "nats.conf"
        text = configuration.read_text().replace("sync_interval: always", "")
        configuration.write_text(text)


def test_a_server_without_fsync_is_refused(tmp_path: Path) -> None:
    port, monitor_port = free_ports(2)
    passwords = {role.name: f"p{secrets.token_urlsafe(12)}" for role in ROLES}
    server = Careless(tmp_path / "nats", port, monitor_port, passwords)
    server.start()
    try:
        with pytest.raises(StreamMismatchError, match=r"expected .* sync_interval: always"):
            assert_fsync(server.monitor_url)
    finally:
        server.stop()


def test_a_port_that_is_not_monitoring_is_refused(nats_server: NatsServer) -> None:
    for url in (f"http://127.0.0.1:{nats_server.port}", "http://127.0.0.1:1", "nowhere"):
        with pytest.raises(StreamMismatchError, match=f"monitoring of NATS at {url}, found"):
            assert_fsync(url)


@pytest.mark.parametrize("answer", [b"not json", b"[]", b'{"config": 7}', b"{}"])
def test_another_answer_is_refused(answer: bytes) -> None:
    other = pytest.raises(StreamMismatchError, match="found: another answer")
    with http_answering(answer) as url, other:
        assert_fsync(url)


@contextmanager
def http_answering(body: bytes) -> Iterator[str]:
    """Answer one HTTP request on loopback with `body`."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(5)

        def serve() -> None:
            caller, _ = listener.accept()
            with caller:
                caller.recv(65536)
                head = f"HTTP/1.0 200 OK\r\nContent-Length: {len(body)}\r\n\r\n"
                caller.sendall(head.encode() + body)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            thread.join()
