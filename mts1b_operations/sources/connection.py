"""A NATS connection on a plain socket: opened with a deadline, then never blocking."""

import json
import socket
import time
from dataclasses import dataclass
from urllib.parse import urlsplit

from pydantic import SecretStr

from mts1b_operations.events.roles import inbox_prefix
from mts1b_operations.sources.framing import Frame, Framer

_RECEIVE = 1 << 18
_KERNEL_BUFFER = 1 << 20
_DEFAULT_PORT = 4222


class ConnectionLostError(ConnectionError):
    """The server closed the connection, refused us, or fell silent."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who we are to the server. `user` is the role; the password never appears in a repr."""

    url: str
    user: str
    password: SecretStr

    @property
    def address(self) -> tuple[str, int]:
        """Give host and port of the server."""
        parts = urlsplit(self.url)
        return parts.hostname or "127.0.0.1", parts.port or _DEFAULT_PORT

    @property
    def inbox(self) -> str:
        """Give the prefix of the subjects on which our replies come."""
        return inbox_prefix(self.user)


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
            connection._greet(credentials, name, time.monotonic() + timeout_s)
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
        self.wait_for("PONG", deadline)

    def wait_for(self, operation: str, deadline: float, subject: str = "") -> Frame:
        """Block until a frame of that kind (and subject) comes. Raises ConnectionLostError."""
        while time.monotonic() < deadline:
            for frame in self.receive(max(0.001, deadline - time.monotonic())):
                if frame.operation == operation or (subject and frame.subject == subject):
                    return frame
        raise ConnectionLostError(f"expected {subject or operation} in time, found none")

    def request(self, subject: str, body: object, token: str, deadline: float) -> bytes:
        """Ask and block until the answer on `<inbox>.<token>` comes. Raises ConnectionLostError."""
        self.publish(subject, json.dumps(body).encode() if body is not None else b"", token)
        return self.wait_for("none", deadline, f"{self.inbox}.{token}").payload

    def publish(self, subject: str, payload: bytes, reply_token: str) -> None:
        """Send one message whose answer comes on `<inbox>.<reply_token>`."""
        head = f"PUB {subject} {self.inbox}.{reply_token} {len(payload)}\r\n".encode()
        self.send(head + payload + b"\r\n")

    def send(self, data: bytes) -> None:
        """Write all of `data`: small requests, which a healthy server always has room for."""
        self._link.settimeout(1.0)
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
        return [frame for frame in self._framer.feed(data) if not self._control(frame)]

    def _control(self, frame: Frame) -> bool:
        if frame.operation == "PING":
            self.send(b"PONG\r\n")
            return True
        if frame.operation == "-ERR":
            raise ConnectionLostError(f"the server refused us: {frame.payload.decode()}")
        return frame.operation in ("INFO", "+OK")

    def close(self) -> None:
        """Hang up."""
        self._link.close()
