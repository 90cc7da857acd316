"""Loopback ports: which are free, and what answers on one."""

import http.client
import secrets
import socket
from dataclasses import dataclass
from typing import Self

HOST = "127.0.0.1"
"""The only address that the embedded servers listen on."""

# Below Linux's default range of ephemeral ports (32768-60999), so that no outgoing connection
# takes a server's port while the server restarts.
_FIRST, _LAST = 20_000, 32_000


class PortTakenError(RuntimeError):
    """A port was asked for that another process already listens on."""


def is_free(port: int) -> bool:
    """Tell whether a server could listen on `port` of loopback now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def require_free(port: int, server: str) -> None:
    """Raise `PortTakenError` unless `server` could listen on `port` now."""
    if not is_free(port):
        raise PortTakenError(
            f"{server}: expected port {port} of {HOST} to be free, found it taken; "
            "stop what listens there, or give another port"
        )


def free_ports(count: int) -> list[int]:
    """Choose `count` different free ports at random."""
    chosen: set[int] = set()
    while len(chosen) < count:
        port = _FIRST + secrets.randbelow(_LAST - _FIRST)
        if is_free(port):
            chosen.add(port)
    return list(chosen)


def http_status(port: int, path: str, timeout: float = 1.0) -> int | None:
    """GET `path` from `port` and give the status; None without an answer in `timeout` seconds."""
    connection = http.client.HTTPConnection(HOST, port, timeout=timeout)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()


@dataclass(frozen=True, slots=True)
class Ports:
    """Where the servers of a stack listen."""

    nats: int
    nats_monitor: int
    postgres: int
    vault: int

    @classmethod
    def free(cls) -> Self:
        """Choose free ports for all servers."""
        return cls(*free_ports(4))
