import time
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mts1b_operations.sources.framing import Frame, Framer, FramingError

pytestmark = pytest.mark.unit

WORDS = st.text("abcXYZ019._%-é", min_size=1, max_size=12)
BODIES = st.binary(max_size=60) | st.sampled_from(
    [b"\r\n", b"MSG a 1 3\r\n", b"PING\r\n", b"\r\nHMSG x 1 12 12\r\n"]
)
HEADERS = st.binary(max_size=20).map(lambda block: b"NATS/1.0\r\n" + block + b"\r\n\r\n")
ARGUMENTS = st.sampled_from([b"", b"{}", b"'Permissions Violation'", b'{"a": "b c"}'])


def messages(headers: st.SearchStrategy[bytes], operation: str) -> st.SearchStrategy[Frame]:
    return st.builds(
        Frame,
        st.just(operation),
        subject=WORDS,
        reply=st.just("") | WORDS,
        headers=headers,
        payload=BODIES,
    )


FRAMES = st.one_of(
    messages(st.just(b""), "MSG"),
    messages(HEADERS, "HMSG"),
    st.builds(Frame, st.sampled_from(["PING", "PONG", "+OK"])),
    st.builds(Frame, st.sampled_from(["INFO", "-ERR"]), payload=ARGUMENTS),
)


def encoded(frame: Frame) -> bytes:
    """Write a frame as a server does."""
    if frame.operation in ("MSG", "HMSG"):
        body = frame.headers + frame.payload
        sizes = [len(frame.headers)] if frame.operation == "HMSG" else []
        named = [frame.operation, frame.subject, "1", *([frame.reply] if frame.reply else [])]
        line = " ".join([*named, *(str(size) for size in [*sizes, len(body)])])
        return line.encode() + b"\r\n" + body + b"\r\n"
    argument = b" " + frame.payload if frame.payload else b""
    return frame.operation.encode() + argument + b"\r\n"


def fed(pieces: list[bytes]) -> list[Frame]:
    framer = Framer()
    return [frame for piece in pieces for frame in framer.feed(piece)]


CORPUS = [
    Frame("INFO", payload=b'{"server_id": "x"}'),
    Frame("PONG"),
    Frame("MSG", "a.b", payload=b"\r\n"),
    Frame("HMSG", "a", "r.1", headers=b"NATS/1.0 100\r\n\r\n"),
    Frame("MSG", "a", "$JS.ACK.S.c.1.2.3.4.5", payload=b"MSG a 1 1\r\n"),
    Frame("-ERR", payload=b"'x'"),
    Frame("HMSG", "a", headers=b"NATS/1.0\r\nk: v\r\n\r\n", payload=b"body"),
]


@given(st.lists(FRAMES, max_size=8), st.data())
def test_frames_are_the_same_however_they_are_cut(frames: list[Frame], data: st.DataObject) -> None:
    whole = b"".join(map(encoded, frames))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(whole)), max_size=12)))
    edges = [0, *cuts, len(whole)]
    pieces = [whole[start:end] for start, end in pairwise(edges)]
    assert fed(pieces) == frames


def test_frames_are_the_same_cut_at_every_position() -> None:
    whole = b"".join(map(encoded, CORPUS))
    for at in range(len(whole) + 1):
        assert fed([whole[:at], whole[at:]]) == CORPUS
    assert fed([whole[at : at + 1] for at in range(len(whole))]) == CORPUS


def test_a_frame_comes_out_as_soon_as_it_is_complete() -> None:
    framer = Framer()
    assert framer.feed(b"MSG a 1 2\r\nhi\r") == []
    assert framer.feed(b"\nPI") == [Frame("MSG", "a", payload=b"hi")]
    assert framer.feed(b"NG\r\n") == [Frame("PING")]


@settings(max_examples=300)
@given(
    st.lists(
        st.binary(max_size=40)
        | st.sampled_from([b"MSG ", b"HMSG ", b" 1", b" ", b"-", b"\r\n", b"9", b"PING\r\n"]),
        max_size=20,
    )
)
def test_garbage_is_refused_or_waited_for_and_never_anything_else(pieces: list[bytes]) -> None:
    try:
        frames = fed(pieces)
    except FramingError:
        return
    assert len(frames) <= sum(map(len, pieces)) // 5


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"HELLO",
        b"MSG",
        b"MSG a 1",
        b"MSG a 1 x",
        b"MSG a 1 -2",
        b"MSG a 1 +2",
        b"MSG a 1 1_0",
        b"MSG a 1 \xd9\xa3",
        b"MSG \xff 1 2",
        b"MSG a 1 r r 2",
        b"MSG a 1 99999999999",
        b"MSG a 1 " + b"9" * 5000,
        b"HMSG a 1 12",
        b"HMSG a 1 12 11",
        b"HMSG a 1 r r 1 2",
        b"MSG  a 1 r 2 3",
    ],
)
def test_a_bad_line_is_refused(line: bytes) -> None:
    with pytest.raises(FramingError, match="expected"):
        fed([line + b"\r\nab\r\n"])


def test_a_size_that_points_back_into_the_line_does_not_hang() -> None:
    with pytest.raises(FramingError, match="size"):
        fed([b"MSG a 1 -14\r\n"])


def test_a_message_must_end_with_its_line() -> None:
    with pytest.raises(FramingError, match="CRLF after 2 bytes on 'a'"):
        fed([b"MSG a 1 2\r\nhiXX"])


@pytest.mark.parametrize("start", [b"INFO ", b"MSG a", b"", b"\x00"])
def test_a_line_without_an_end_is_refused_before_it_fills_the_memory(start: bytes) -> None:
    with pytest.raises(FramingError, match="at most 65536 bytes"):
        fed([start, *[b"x" * 1000] * 100])


def test_a_large_message_in_small_pieces_takes_linear_time() -> None:
    payload = b"x" * (8 << 20)
    whole = b"PING\r\nMSG a 1 %d\r\n%s\r\nPONG\r\n" % (len(payload), payload)
    pieces = [whole[at : at + 4096] for at in range(0, len(whole), 4096)]
    start = time.perf_counter()
    frames = fed(pieces)
    assert time.perf_counter() - start < 1.0
    assert [frame.operation for frame in frames] == ["PING", "MSG", "PONG"]
    assert frames[1].payload == payload
