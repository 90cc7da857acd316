"""A stream that changed behind our back is told from one that only moved on."""

import pytest

from mts1b_operations.audit.coverage import Coverage
from mts1b_operations.workers.continuity import StreamFacts, continuation

pytestmark = pytest.mark.unit

_CREATED = "2026-01-01T00:00:00.000000Z"
_STREAM = "MTS_EVENTS"
_KNOWN = Coverage(_STREAM, _CREATED, ((1, 51),))


def _facts(first: int = 1, last: int = 50, floor: int = 50, created: str = _CREATED) -> StreamFacts:
    return StreamFacts(created, first, last, floor)


def _gap_of(known: Coverage | None, found: StreamFacts) -> tuple[int, int] | None:
    gap = continuation(known, _STREAM, found, "audit_writer").gap
    return (gap.expected_sequence, gap.found_sequence) if gap else None


@pytest.mark.parametrize(
    ("known", "found"),
    [
        (None, _facts(last=0, floor=0)),
        (None, _facts(floor=0)),
        (_KNOWN, _facts()),
        (_KNOWN, _facts(first=40)),
        (_KNOWN, _facts(first=51)),
        (_KNOWN, _facts(last=90)),
        (Coverage(_STREAM, _CREATED, ((1, 20), (31, 51))), _facts(floor=19)),
    ],
)
def test_nothing_is_lost(known: Coverage | None, found: StreamFacts) -> None:
    assert _gap_of(known, found) is None


@pytest.mark.parametrize(
    ("known", "found", "gap"),
    [
        (None, _facts(first=11, floor=0), (1, 11)),
        (_KNOWN, _facts(first=61, last=90), (51, 61)),
        (_KNOWN, _facts(last=90, floor=70), (51, 71)),
        (Coverage(_STREAM, _CREATED, ((1, 20), (31, 51))), _facts(), (20, 31)),
        (_KNOWN, _facts(last=9, floor=9, created="later"), (51, 1)),
        (_KNOWN, _facts(first=0, last=0, floor=0, created="later"), (51, 1)),
        (_KNOWN, _facts(last=30, floor=30), (51, 31)),
    ],
    ids=["never read", "trimmed", "removed inside", "a hole", "recreated", "empty", "rewound"],
)
def test_a_loss_is_a_gap(known: Coverage | None, found: StreamFacts, gap: tuple[int, int]) -> None:
    assert _gap_of(known, found) == gap


@pytest.mark.parametrize(
    "found",
    [_facts(first=61, last=90), _facts(created="later"), _facts(last=30, floor=30)],
    ids=["trimmed", "recreated", "rewound"],
)
def test_a_gap_is_reported_once(found: StreamFacts) -> None:
    first = continuation(_KNOWN, _STREAM, found, "audit_writer")
    assert first.gap is not None
    unread = StreamFacts(found.created, found.first_sequence, found.last_sequence, 0)
    assert continuation(first.coverage, _STREAM, unread, "audit_writer").gap is None


def test_a_rewound_stream_is_read_again_from_its_end() -> None:
    onward = continuation(_KNOWN, _STREAM, _facts(last=30, floor=30), "audit_writer")
    assert onward.coverage.spans == ((1, 31),)
