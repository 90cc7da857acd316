"""The NATS client protocol, server to client: from bytes to frames, however they are cut.

Source: NATS documentation, "Client Protocol" (INFO, MSG, HMSG, PING, PONG, +OK, -ERR).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

Operation = Literal["MSG", "HMSG", "PING", "PONG", "INFO", "+OK", "-ERR"]

_CONTROL: dict[bytes, Operation] = {
    b"PING": "PING",
    b"PONG": "PONG",
    b"INFO": "INFO",
    b"+OK": "+OK",
    b"-ERR": "-ERR",
}
_LONGEST_LINE = 1 << 20
_EOL = b"\r\n"


class FramingError(ConnectionError):
    """Bytes that are no NATS protocol: the connection cannot be trusted any more."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One protocol message. `payload` also holds the argument of INFO and -ERR."""

    operation: Operation
    subject: str = ""
    reply: str = ""
    headers: bytes = b""
    payload: bytes = b""


class Framer:
    """Collects bytes and gives the frames that are complete, keeping the rest."""

    def __init__(self) -> None:
        self._buffer = b""

    def feed(self, received: bytes) -> list[Frame]:
        """Give all frames that `received` completes. Raises FramingError."""
        buffer = self._buffer + received if self._buffer else received
        frames: list[Frame] = []
        at = 0
        for frame, end in _frames(buffer):
            frames.append(frame)
            at = end
        self._buffer = buffer[at:]
        return frames


def _frames(buffer: bytes) -> Iterator[tuple[Frame, int]]:
    at = 0
    while (eol := buffer.find(_EOL, at)) >= 0:
        line = buffer[at:eol]
        if line.startswith((b"MSG ", b"HMSG ")):
            found = _message(line, buffer, eol + 2)
            if found is None:
                return
            frame, at = found
        else:
            frame, at = _control(line), eol + 2
        yield frame, at
    if len(buffer) - at > _LONGEST_LINE and not buffer.startswith((b"MSG ", b"HMSG "), at):
        raise FramingError(
            f"expected a protocol line, found {len(buffer) - at} bytes without an end"
        )


def _control(line: bytes) -> Frame:
    word, _, argument = line.partition(b" ")
    operation = _CONTROL.get(word.upper())
    if operation is None:
        raise FramingError(f"expected a NATS protocol line, found {line[:60]!r}; reconnect")
    return Frame(operation, payload=argument)


def _message(line: bytes, buffer: bytes, start: int) -> tuple[Frame, int] | None:
    """Cut one MSG or HMSG whose body begins at `start`; None while it is incomplete."""
    subject, reply, header_size, total = _sizes(line)
    end = start + total
    if len(buffer) < end + 2:
        return None
    if buffer[end : end + 2] != _EOL:
        raise FramingError(f"expected CRLF after {total} bytes on {subject!r}, found other bytes")
    body = start + header_size
    frame = Frame(
        "HMSG" if header_size else "MSG", subject, reply, buffer[start:body], buffer[body:end]
    )
    return frame, end + 2


def _sizes(line: bytes) -> tuple[str, str, int, int]:
    """Read `[H]MSG <subject> <sid> [reply] [header bytes] <total bytes>`."""
    words = line.decode().split(" ")
    trailing = 2 if words[0] == "HMSG" else 1
    named = len(words) - trailing
    if named not in (3, 4):
        raise FramingError(f"expected a {words[0]} line, found {line[:80]!r}; reconnect")
    try:
        sizes = [int(word) for word in words[named:]]
    except ValueError:
        raise FramingError(f"expected sizes in {line[:80]!r}, found none; reconnect") from None
    return words[1], words[3] if named == 4 else "", sizes[0] if trailing == 2 else 0, sizes[-1]  # noqa: PLR2004
