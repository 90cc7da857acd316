"""What is accounted for is kept as spans, in whatever order it comes."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mts1b_operations.audit.coverage import Coverage

pytestmark = pytest.mark.unit

_EMPTY = Coverage("MTS_EVENTS", "2026-01-01T00:00:00Z")


@given(st.lists(st.sets(st.integers(1, 60)), max_size=5), st.integers(1, 70))
def test_what_is_missing_is_what_was_not_included(batches: list[set[int]], below: int) -> None:
    coverage = _EMPTY
    for batch in batches:
        coverage = coverage.including(batch)
    included = set().union(*batches)
    missing = {n for first, end in coverage.missing_below(below) for n in range(first, end)}
    assert missing == set(range(1, below)) - included
    assert coverage.next_sequence == max(included, default=0) + 1


@given(st.lists(st.integers(1, 60)))
def test_spans_stay_ordered_and_apart(sequences: list[int]) -> None:
    spans = _EMPTY.including(sequences).spans
    assert all(first < end for first, end in spans)
    assert all(left[1] < right[0] for left, right in pairwise(spans))


def test_a_reported_gap_is_accounted_for() -> None:
    coverage = _EMPTY.including([1, 2, 6]).including_spans([(3, 6)])
    assert coverage.spans == ((1, 7),)
    assert coverage.missing_below(7) == []
