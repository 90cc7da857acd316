"""Asking a server who it is before anything is published on it."""

import json
import socket

from mts1b_operations.sources.connection import ConnectionLostError, Credentials

_TIMEOUT_S = 5.0


def server_name(credentials: Credentials) -> str:
    """Give the name by which a NATS server introduces itself (INFO comes before any login).

    Raises ConnectionLostError when nobody answers, or not as a NATS server does.
    """
    try:
        with (
            socket.create_connection(credentials.address, timeout=_TIMEOUT_S) as link,
            link.makefile("rb") as lines,
        ):
            word, _, argument = lines.readline().partition(b" ")
            if word.upper() != b"INFO":
                raise ConnectionLostError(
                    f"expected a NATS server at {credentials.url}, found something that says "
                    f"{word[:40]!r}"
                )
            return str(json.loads(argument).get("server_name", ""))
    except (OSError, ValueError) as failure:
        raise ConnectionLostError(
            f"expected a NATS server at {credentials.url}, found: {failure}"
        ) from failure
