"""Where a source stands in a stream, and whether what it wants next can still be had."""

from dataclasses import dataclass

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
class Position:
    """The next sequence wanted, in the stream that was created at `created`."""

    created: str
    next_sequence: int
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
        return Position(self.created, max(self.next_sequence, next_sequence))


_ADAPTER = TypeAdapter(Position)


def resume(position: Position | None, state: StreamState) -> tuple[Position, LostRange | None]:
    """Decide where to read on, and what is lost (design section 5).

    A server does not say that a sequence is gone or lies beyond its end: it just delivers
    something else. So the three cases are told apart here.
    """
    if position is None:
        return Position(state.created, state.first_sequence), None
    wanted = position.next_sequence
    if position.created != state.created:
        found, reason = max(1, state.first_sequence), "the stream was deleted and created again"
    elif state.first_sequence > wanted:
        found, reason = state.first_sequence, "messages were purged or removed by retention"
    elif state.last_sequence + 1 < wanted:
        found, reason = state.last_sequence + 1, "the stream ends before the position"
    else:
        return position, None
    return Position(state.created, found), LostRange(reason, wanted, found)
