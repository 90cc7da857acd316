import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from pydantic import SecretStr

from mts1b_operations.sources.connection import (
    AddressError,
    Connection,
    ConnectionLostError,
    Credentials,
)

pytestmark = pytest.mark.unit

SECRET = "open-sesame"


def credentials(url: str) -> Credentials:
    return Credentials(url, "flows", SecretStr(SECRET))


@contextmanager
def answering(answer: bytes, *, hang_up: bool = False) -> Iterator[str]:
    """Listen on loopback, give one caller `answer`, and say nothing more."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(5)
        over = threading.Event()

        def serve() -> None:
            caller, _ = listener.accept()
            with caller:
                caller.sendall(answer)
                if not hang_up:
                    over.wait(10)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"nats://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            over.set()
            thread.join()


def refusal(url: str, timeout_s: float = 5.0) -> str:
    with pytest.raises(ConnectionLostError) as refused:
        Connection.open(credentials(url), "test", timeout_s)
    assert SECRET not in str(refused.value)
    assert SECRET not in repr(refused.value)
    return str(refused.value)


def test_a_server_that_never_answers_is_given_up_in_time() -> None:
    with answering(b"") as url:
        start = time.monotonic()
        text = refusal(url, 0.3)
        assert time.monotonic() - start < 0.6
    assert f"could not log in at {url}: expected PONG in time, found none" in text


def test_a_server_that_drips_is_given_up_in_time() -> None:
    with answering(b"INFO {}\r\n" + b"PING\r\n" * 50) as url:
        start = time.monotonic()
        refusal(url, 0.3)
        assert time.monotonic() - start < 0.6


def test_a_server_that_hangs_up_is_named() -> None:
    with answering(b"INFO {}\r\n", hang_up=True) as url:
        text = refusal(url)
    assert url in text
    assert "the server closed the connection" in text or "reset" in text


@pytest.mark.parametrize("greeting", [b"SSH-2.0-OpenSSH\r\n", b"\xff" * 100_000, b"MSG a 1 -1\r\n"])
def test_another_kind_of_server_is_named(greeting: bytes) -> None:
    with answering(greeting) as url:
        assert "the server sent no NATS protocol" in refusal(url)


def test_a_refusal_that_is_no_text_is_shown() -> None:
    with answering(b"-ERR \xff\xfe\r\n") as url:
        assert "the server refused us" in refusal(url)


def test_nobody_listening_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    text = refusal(f"nats://127.0.0.1:{port}")
    assert f"expected a NATS server at nats://127.0.0.1:{port}, found: " in text


def test_nobody_listening_on_ipv6_is_named() -> None:
    assert "expected a NATS server at nats://[::1]:1, found: " in refusal("nats://[::1]:1")


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("nats://127.0.0.1:4333", ("127.0.0.1", 4333)),
        ("nats://broker", ("broker", 4222)),
        ("nats://[::1]:4333", ("::1", 4333)),
    ],
)
def test_an_address_is_read(url: str, address: tuple[str, int]) -> None:
    assert credentials(url).address == address


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("", "expected nats://host:port, found ''"),
        ("127.0.0.1:4222", "expected nats://host:port, found '127.0.0.1:4222'"),
        ("http://127.0.0.1", "expected nats://host:port"),
        ("nats://", "expected nats://host:port"),
        ("nats://host:99999", "expected nats://host:port, found 'nats://host:99999': Port"),
        ("nats://host:x", "expected nats://host:port"),
        ("nats://[::1", "expected nats://host:port, found 'nats://[::1': Invalid IPv6"),
        ("nats://a:1,nats://b:2", "expected nats://host:port"),
        ("tls://host:4222", "expected nats://, found 'tls://host:4222'"),
    ],
)
def test_an_address_that_can_never_work_is_refused_at_once(url: str, expected: str) -> None:
    with pytest.raises(AddressError) as refused:
        credentials(url)
    assert expected in str(refused.value)


def test_a_password_in_the_address_is_refused_and_not_repeated() -> None:
    with pytest.raises(AddressError, match="without a user") as refused:
        credentials(f"nats://flows:{SECRET}@host:4222")
    assert SECRET not in str(refused.value)


def test_no_secret_is_shown() -> None:
    assert SECRET not in repr(credentials("nats://host"))
