"""Where a source stands in a stream, and whether what it wants next can still be had."""

from dataclasses import dataclass, replace

from pydantic import TypeAdapter, ValidationError

from mts1b_operations.events.envelope import LostRange

_SCHEMA = 1


class PositionError(ValueError):
    """A recovered position that cannot be understood."""


@dataclass(frozen=True, slots=True)
class StreamState:
    """A stream as the server describes it: when it was made, and what it holds."""

    created: str
    first_sequence: int
    last_sequence: int


@dataclass(frozen=True, slots=True)
class Place:
    """A stored message: its sequence in the stream, and when it was stored, in nanoseconds."""

    sequence: int
    stored_ns: int


@dataclass(frozen=True, slots=True)
class Position:
    """The next sequence wanted, in the stream that was created at `created`.

    `unproven_from` is the first sequence that was jumped over and may have been lost: the stream
    has not been asked since. None: nothing was jumped over, or it was not lost.
    `last_read` is the last message that was read, by which a rewritten stream is known.
    """

    created: str
    next_sequence: int
    unproven_from: int | None = None
    last_read: Place | None = None
    schema: int = _SCHEMA

    def to_bytes(self) -> bytes:
        """Write the position for the recovery store."""
        return _ADAPTER.dump_json(self)

    @classmethod
    def from_bytes(cls, snapshot: bytes) -> "Position":
        """Read what `to_bytes` wrote. Raises PositionError for another schema."""
        try:
            position = _ADAPTER.validate_json(snapshot)
        except ValidationError as refused:
            raise PositionError(f"expected a stream position, found {snapshot!r}") from refused
        if position.schema != _SCHEMA:
            raise PositionError(
                f"expected position schema {_SCHEMA}, found {position.schema}; "
                "start with an empty recovery directory"
            )
        return position

    def advanced(self, next_sequence: int) -> "Position":
        """Give the position moved forward to `next_sequence`, never back."""
        return replace(self, next_sequence=max(self.next_sequence, next_sequence))


_ADAPTER = TypeAdapter(Position)


def resume(
    position: Position | None, state: StreamState, rolled_back_to: int | None = None
) -> tuple[Position, LostRange | None]:
    """Decide where to read on, and what is lost (design section 5).

    A server does not say that a sequence is gone or lies beyond its end: it just delivers
    something else. So the cases are told apart here. `rolled_back_to` is the first sequence that
    the stream has given anew, where that is known.
    """
    if position is None:
        return Position(state.created, max(1, state.first_sequence)), None
    if position.created != state.created:
        found, reason = max(1, state.first_sequence), "the stream was deleted and created again"
    elif rolled_back_to is not None:
        found, reason = rolled_back_to, "the stream lost its end and numbers other messages so"
    elif state.last_sequence + 1 < position.next_sequence:
        found, reason = state.last_sequence + 1, "the stream ends before the position"
    else:
        return _read_on(position, state.first_sequence)
    return Position(state.created, found), LostRange(reason, position.next_sequence, found)


def _read_on(position: Position, first: int) -> tuple[Position, LostRange | None]:
    """Go on in the same stream, past what it no longer holds."""
    wanted = position.next_sequence
    unproven = min(wanted, position.unproven_from or wanted)
    proven = replace(position.advanced(first), unproven_from=None)
    if first <= unproven:
        return proven, None
    return proven, LostRange("messages were purged or removed by retention", unproven, first)
