import pytest
from hypothesis import given
from hypothesis import strategies as st

from mts1b_operations.sources.position import Place, Position, PositionError, StreamState, resume

pytestmark = pytest.mark.unit

SEQUENCES = st.integers(1, 10**12)


def stream(first: int, last: int, created: str = "then") -> StreamState:
    return StreamState(created, first, last)


def test_a_reader_without_a_position_starts_at_the_first_message() -> None:
    assert resume(None, stream(41, 50)) == (Position("then", 41), None)


@pytest.mark.parametrize("state", [stream(0, 0), stream(1, 0)])
def test_a_reader_of_an_empty_stream_waits_for_its_first_message(state: StreamState) -> None:
    assert resume(None, state) == (Position("then", 1), None)


@given(SEQUENCES, SEQUENCES)
def test_a_position_within_the_stream_is_kept(one: int, other: int) -> None:
    wanted, last = min(one, other), max(one, other)
    place = Place(wanted - 1, 7)
    position = Position("then", wanted, last_read=place)
    assert resume(position, stream(1, last)) == (position, None)
    assert resume(position, stream(wanted, last)) == (position, None)


def test_a_reader_at_the_end_of_a_purged_stream_has_lost_nothing() -> None:
    position = Position("then", 11)
    assert resume(position, stream(11, 10)) == (position, None)


def test_what_was_purged_is_lost() -> None:
    position, lost = resume(Position("then", 5), stream(8, 20))
    assert position == Position("then", 8)
    assert lost is not None
    assert (lost.expected, lost.found) == (5, 8)
    assert "purged" in lost.reason


def test_what_was_jumped_over_before_a_crash_is_lost_when_it_is_gone() -> None:
    position, lost = resume(Position("then", 9, unproven_from=5), stream(8, 20))
    assert position == Position("then", 9)
    assert lost is not None
    assert (lost.expected, lost.found) == (5, 8)


def test_what_was_jumped_over_is_no_loss_when_it_is_there() -> None:
    position, lost = resume(Position("then", 9, unproven_from=5), stream(5, 20))
    assert (position, lost) == (Position("then", 9), None)


@pytest.mark.parametrize(("first", "last", "found"), [(1, 60, 1), (0, 0, 1), (3, 9, 3)])
def test_a_recreated_stream_is_read_from_its_first_message(
    first: int, last: int, found: int
) -> None:
    position, lost = resume(Position("before", 11), stream(first, last, "now"))
    assert position == Position("now", found)
    assert lost is not None
    assert (lost.expected, lost.found) == (11, found)
    assert "created again" in lost.reason


def test_a_stream_that_ends_before_the_position_is_read_from_its_end() -> None:
    position, lost = resume(Position("then", 11, unproven_from=4), stream(1, 7))
    assert position == Position("then", 8)
    assert lost is not None
    assert (lost.expected, lost.found) == (11, 8)
    assert "ends before" in lost.reason


def test_a_stream_that_lost_its_end_is_read_from_where_it_counts_anew() -> None:
    position, lost = resume(Position("then", 11), stream(1, 70), rolled_back_to=7)
    assert position == Position("then", 7)
    assert lost is not None
    assert (lost.expected, lost.found) == (11, 7)


@given(SEQUENCES, st.none() | SEQUENCES, st.none() | st.builds(Place, SEQUENCES, SEQUENCES))
def test_a_position_survives_its_snapshot(
    wanted: int, unproven: int | None, last_read: Place | None
) -> None:
    position = Position("2026-01-02T03:04:05.123456789Z", wanted, unproven, last_read)
    assert Position.from_bytes(position.to_bytes()) == position


@given(SEQUENCES, SEQUENCES)
def test_a_position_never_moves_back(wanted: int, other: int) -> None:
    assert Position("then", wanted).advanced(other).next_sequence == max(wanted, other)


@pytest.mark.parametrize("snapshot", [b"", b"null", b"7", b'{"created": "x"}', b"\xff"])
def test_a_snapshot_of_something_else_is_refused(snapshot: bytes) -> None:
    with pytest.raises(PositionError, match="expected a stream position, found"):
        Position.from_bytes(snapshot)


def test_a_snapshot_of_another_schema_is_refused() -> None:
    with pytest.raises(PositionError, match="expected position schema 1, found 2"):
        Position.from_bytes(b'{"created": "x", "next_sequence": 1, "schema": 2}')
