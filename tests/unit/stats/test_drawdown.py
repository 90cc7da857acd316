import pytest
from hypothesis import given
from hypothesis import strategies as st

from mts1b_operations.stats.drawdown import drawdown, max_drawdown

pytestmark = pytest.mark.unit


def test_is_counted_from_the_highest_level_before() -> None:
    assert max_drawdown([1.0, 1.25, 1.0, 1.5, 1.35]) == pytest.approx(-0.2)


def test_the_first_level_is_a_peak() -> None:
    assert max_drawdown([1.0, 0.75]) == pytest.approx(-0.25)


@given(levels=st.lists(st.floats(0.01, 100), max_size=30))
def test_never_positive_and_zero_where_nothing_falls(levels: list[float]) -> None:
    assert max_drawdown(levels) <= 0
    assert max_drawdown(sorted(levels)) == 0


def test_nothing_left_is_minus_one() -> None:
    assert drawdown(0.0, 3.0) == -1.0
