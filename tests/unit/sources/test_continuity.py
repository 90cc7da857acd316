"""Whatever the stream and the network do, a filtered reader is told of everything it lost."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mts1b_operations.sources.continuity import Continuity
from tests.unit.sources.model_stream import ModelReader, ModelStream

pytestmark = pytest.mark.unit

Step = tuple[str, int]

STREAM_STEPS = st.sampled_from(["mine", "mine", "other"])
READER_STEPS = st.sampled_from(
    ["send", "send", "take", "take", "ask", "answer", "disconnect", "save", "crash"]
)
STEPS = st.lists(
    st.tuples(STREAM_STEPS | READER_STEPS | st.just("purge"), st.integers(1, 6)), max_size=60
)


def play(steps: list[Step], *, overtaking: bool) -> tuple[ModelStream, ModelReader]:
    stream = ModelStream()
    reader = ModelReader(stream)
    reader.step("save", 1)
    saved_from = 1
    for name, count in steps:
        if name in ("mine", "other"):
            for _ in range(count):
                stream.publish(mine=name == "mine")
        elif name == "purge" and overtaking:
            stream.purge(stream.first + count)
        elif name == "purge":
            stream.purge(min(saved_from, reader.partition.unread_from))
        else:
            reader.step(name, count)
            saved_from = reader.partition.unread_from if name == "save" else saved_from
    reader.finish()
    return stream, reader


def survey(*then: Step) -> list[Step]:
    return [("ask", 1), *then, ("answer", 1)]


@settings(max_examples=400, deadline=None)
@given(STEPS)
# Jumps over a purge and loses its connection, or crashes, before the stream is asked.
@example([("mine", 5), ("purge", 3), ("send", 9), ("take", 9), ("disconnect", 1)])
@example([("mine", 5), ("purge", 3), ("send", 9), ("take", 9), ("save", 1), ("crash", 1)])
# A message is stored before the question and announced after the answer.
@example([*survey(), ("other", 3), *survey(), ("mine", 1), *survey(), ("save", 1), ("crash", 1)])
def test_every_message_is_read_once_or_reported_lost(steps: list[Step]) -> None:
    stream, reader = play(steps, overtaking=True)
    assert len(set(reader.read)) == len(reader.read)
    unread = set(stream.mine) - set(reader.read)
    reported = {one for lost in reader.lost for one in range(lost.expected, lost.found)}
    assert unread <= reported


@settings(max_examples=300, deadline=None)
@given(STEPS)
def test_a_reader_that_is_never_overtaken_hears_of_no_gap(steps: list[Step]) -> None:
    stream, reader = play(steps, overtaking=False)
    assert reader.read == stream.mine
    assert reader.lost == []


def test_a_jump_over_what_the_stream_still_holds_is_no_loss() -> None:
    continuity = Continuity()
    continuity.delivered(1, 9)
    assert continuity.surveyed(1, 10) is None


def test_a_jump_is_held_against_two_surveys() -> None:
    continuity = Continuity()
    continuity.delivered(5, 9)
    # This answer was under way while the stream was purged.
    assert continuity.surveyed(1, 10) is None
    assert continuity.unproven_from == 5
    lost = continuity.surveyed(9, 10)
    assert lost is not None
    assert (lost.expected, lost.found) == (5, 9)
    assert continuity.unproven_from is None


def test_one_loss_is_reported_once() -> None:
    continuity = Continuity()
    assert continuity.surveyed(8, 5) is not None
    assert continuity.surveyed(8, 5) is None
    assert continuity.surveyed(9, 5) is not None
