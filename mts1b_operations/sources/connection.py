"""A NATS connection on a plain socket: opened with a deadline, then never blocking."""

import json
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from pydantic import SecretStr

from mts1b_operations.events.roles import inbox_prefix
from mts1b_operations.sources.framing import Frame, Framer, FramingError

_RECEIVE = 1 << 18
_KERNEL_BUFFER = 1 << 20
_DEFAULT_PORT = 4222


class ConnectionLostError(ConnectionError):
    """The server closed the connection, refused us, or fell silent."""


class AddressError(ConnectionLostError):
    """An address under which no server can be reached, now or later."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who we are to the server. `user` is the role; the password never appears in a repr.

    Raises AddressError for a `url` that is not `nats://host[:port]`.
    """

    url: str
    user: str
    password: SecretStr

    def __post_init__(self) -> None:
        _address(self.url)

    @property
    def address(self) -> tuple[str, int]:
        """Give host and port of the server."""
        return _address(self.url)

    @property
    def inbox(self) -> str:
        """Give the prefix of the subjects on which our replies come."""
        return inbox_prefix(self.user)


def _address(url: str) -> tuple[str, int]:
    # The address is part of error messages, so a password in it would be, too.
    if "@" in url:
        raise AddressError(
            "expected nats://host:port without a user, found one in the address; "
            "give user and password by themselves"
        )
    try:
        parts = urlsplit(url)
        return _host(parts, url), parts.port or _DEFAULT_PORT
    except ValueError as refused:
        raise AddressError(f"expected nats://host:port, found {url!r}: {refused}") from None


def _host(parts: SplitResult, url: str) -> str:
    if parts.scheme == "tls":
        raise AddressError(f"expected nats://, found {url!r}: event sources speak no TLS")
    if parts.scheme != "nats" or not parts.hostname:
        raise AddressError(f"expected nats://host:port, found {url!r}; correct the address")
    return parts.hostname


class Connection:
    """One authenticated connection with one wildcard subscription for all our replies.

    `open` blocks up to `timeout_s` and belongs in a thread; `send` and `receive` do not block.
    Raises ConnectionLostError, also for credentials that the server refuses.
    """

    def __init__(self, link: socket.socket, inbox: str) -> None:
        self._link = link
        self._framer = Framer()
        self.inbox = inbox

    @classmethod
    def open(cls, credentials: Credentials, name: str, timeout_s: float) -> "Connection":
        """Connect, authenticate, subscribe to `<inbox>.<name>.*`, and wait for the PONG."""
        deadline = time.monotonic() + timeout_s
        try:
            link = socket.create_connection(credentials.address, timeout=timeout_s)
        except OSError as failure:
            raise ConnectionLostError(
                f"expected a NATS server at {credentials.url}, found: {failure}"
            ) from failure
        link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _KERNEL_BUFFER)
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection = cls(link, f"{credentials.inbox}.{name}")
        try:
            connection._greet(credentials, name, deadline)
        except OSError as failure:
            link.close()
            raise ConnectionLostError(
                f"could not log in at {credentials.url}: {failure}"
            ) from failure
        return connection

    def _greet(self, credentials: Credentials, name: str, deadline: float) -> None:
        options = {
            "verbose": False,
            "pedantic": False,
            "lang": "python",
            "version": "mts1b",
            "name": name,
            "headers": True,
            "no_responders": True,
            "protocol": 1,
            "user": credentials.user,
            "pass": credentials.password.get_secret_value(),
        }
        self.send(f"CONNECT {json.dumps(options)}\r\nSUB {self.inbox}.* 1\r\nPING\r\n".encode())
        self.first(lambda frame: frame.operation == "PONG", "PONG", deadline)

    def first(self, wanted: Callable[[Frame], bool], name: str, deadline: float) -> Frame:
        """Block until a frame that is `wanted` comes. Raises ConnectionLostError."""
        while time.monotonic() < deadline:
            for frame in self.receive(max(0.001, deadline - time.monotonic())):
                if wanted(frame):
                    return frame
        raise ConnectionLostError(f"expected {name} in time, found none")

    def request(self, subject: str, body: object, token: str, deadline: float) -> bytes:
        """Ask and block until the answer on `<inbox>.<token>` comes. Raises ConnectionLostError."""
        self.publish(subject, json.dumps(body).encode() if body is not None else b"", token)
        reply = f"{self.inbox}.{token}"
        return self.first(lambda frame: frame.subject == reply, reply, deadline).payload

    def publish(self, subject: str, payload: bytes, reply_token: str) -> None:
        """Send one message whose answer comes on `<inbox>.<reply_token>`."""
        head = f"PUB {subject} {self.inbox}.{reply_token} {len(payload)}\r\n".encode()
        self.send(head + payload + b"\r\n")

    def send(self, data: bytes) -> None:
        """Write all of `data` at once: small requests, which a healthy server has room for."""
        self._link.settimeout(0.0)
        try:
            self._link.sendall(data)
        except OSError as failure:
            raise ConnectionLostError(f"the server stopped reading: {failure}") from failure

    def receive(self, timeout_s: float = 0.0) -> list[Frame]:
        """Give the frames that have come, waiting at most `timeout_s`; PING is answered."""
        self._link.settimeout(timeout_s)
        try:
            data = self._link.recv(_RECEIVE)
        except (BlockingIOError, TimeoutError):
            return []
        except OSError as failure:
            raise ConnectionLostError(f"the connection broke: {failure}") from failure
        if not data:
            raise ConnectionLostError("the server closed the connection")
        return [frame for frame in self._frames(data) if not self._control(frame)]

    def _frames(self, data: bytes) -> list[Frame]:
        try:
            return self._framer.feed(data)
        except FramingError as garbled:
            raise ConnectionLostError(f"the server sent no NATS protocol: {garbled}") from garbled

    def _control(self, frame: Frame) -> bool:
        if frame.operation == "PING":
            self.send(b"PONG\r\n")
            return True
        if frame.operation == "-ERR":
            raise ConnectionLostError(
                f"the server refused us: {frame.payload.decode(errors='replace')}"
            )
        return frame.operation in ("INFO", "+OK")

    def close(self) -> None:
        """Hang up."""
        self._link.close()
