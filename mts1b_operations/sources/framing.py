"""The NATS client protocol, server to client: from bytes to frames, however they are cut.

Source: NATS documentation, "Client Protocol" (INFO, MSG, HMSG, PING, PONG, +OK, -ERR).
"""

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
_LONGEST_LINE = 1 << 16
_LARGEST_BODY = 1 << 26
_SIZE_DIGITS = 9
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
    """Collects bytes and gives the frames that are complete, keeping the rest.

    What is kept is looked at again only when the frame that it begins can be complete: a large
    message in small pieces costs time in proportion to its size.
    """

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._held = 0
        self._needed = 0

    def feed(self, received: bytes) -> list[Frame]:
        """Give all frames that `received` completes. Raises FramingError."""
        self._pieces.append(received)
        self._held += len(received)
        if self._held < self._needed:
            return []
        buffer = b"".join(self._pieces)
        frames: list[Frame] = []
        at = 0
        frame, end = _cut(buffer, at)
        while frame is not None:
            frames.append(frame)
            at = end
            frame, end = _cut(buffer, at)
        self._pieces, self._held, self._needed = [buffer[at:]], len(buffer) - at, end - at
        return frames


def _cut(buffer: bytes, at: int) -> tuple[Frame | None, int]:
    """Cut the frame that begins at `at`; give it and its end, or None and where it may end."""
    eol = buffer.find(_EOL, at)
    length = (eol if eol >= 0 else len(buffer)) - at
    if length > _LONGEST_LINE:
        raise FramingError(
            f"expected a protocol line of at most {_LONGEST_LINE} bytes, found {length}; reconnect"
        )
    if eol < 0:
        return None, len(buffer) + 1
    line = buffer[at:eol]
    if line.startswith((b"MSG ", b"HMSG ")):
        return _message(line, buffer, eol + 2)
    return _control(line), eol + 2


def _control(line: bytes) -> Frame:
    word, _, argument = line.partition(b" ")
    operation = _CONTROL.get(word.upper())
    if operation is None:
        raise FramingError(f"expected a NATS protocol line, found {line[:60]!r}; reconnect")
    return Frame(operation, payload=argument)


def _message(line: bytes, buffer: bytes, start: int) -> tuple[Frame | None, int]:
    """Cut one MSG or HMSG whose body begins at `start`."""
    subject, reply, header_size, total = _argument(line)
    end = start + total
    if len(buffer) < end + 2:
        return None, end + 2
    if buffer[end : end + 2] != _EOL:
        raise FramingError(f"expected CRLF after {total} bytes on {subject!r}, found other bytes")
    body = start + header_size
    operation: Operation = "HMSG" if line.startswith(b"H") else "MSG"
    return Frame(operation, subject, reply, buffer[start:body], buffer[body:end]), end + 2


def _argument(line: bytes) -> tuple[str, str, int, int]:
    """Read `[H]MSG <subject> <sid> [reply] [header bytes] <total bytes>`."""
    try:
        words = line.decode().split(" ")
    except UnicodeDecodeError:
        raise FramingError(f"expected UTF-8, found {line[:80]!r}; reconnect") from None
    trailing = 2 if words[0] == "HMSG" else 1
    named = len(words) - trailing
    if named not in (3, 4):
        raise FramingError(f"expected a {words[0]} line, found {line[:80]!r}; reconnect")
    sizes = [_size(word) for word in words[named:]]
    header_size = sizes[0] if trailing == 2 else 0  # noqa: PLR2004
    if header_size > sizes[-1]:
        raise FramingError(f"expected headers within the message, found {line[:80]!r}; reconnect")
    return words[1], words[3] if named == 4 else "", header_size, sizes[-1]  # noqa: PLR2004


def _size(word: str) -> int:
    """Read a number of bytes: digits alone, for int() also takes signs, blanks and underscores."""
    if word.isascii() and word.isdecimal() and len(word) <= _SIZE_DIGITS:
        size = int(word)
        if size <= _LARGEST_BODY:
            return size
    raise FramingError(
        f"expected a size of at most {_LARGEST_BODY} bytes, found {word[:20]!r}; reconnect"
    )
