import pytest
from hypothesis import given
from hypothesis import strategies as st

from mts1b_operations.stats.drawdown import LARGEST_LEVEL, Level
from tests.unit.stats.samples import RETURNS

pytestmark = pytest.mark.unit


def after(levels: list[float]) -> Level:
    level = Level()
    for one in levels:
        assert level.move(one)
    return level


def test_is_counted_from_the_highest_level_before() -> None:
    level = after([1.0, 1.25, 1.0, 1.5, 1.35])

    assert level.drawdown == pytest.approx(-0.1)
    assert level.deepest == pytest.approx(-0.2)


def test_the_start_is_a_peak() -> None:
    assert after([0.75]).deepest == pytest.approx(-0.25)


def test_twenty_returns_of_the_vectors() -> None:
    levels = [1.0]
    for one in RETURNS:
        levels.append(levels[-1] * (1 + one))

    assert after(levels).deepest == pytest.approx(-0.040682656000000095, rel=1e-12)


@given(levels=st.lists(st.floats(1, 100), max_size=30))
def test_never_positive_and_zero_where_nothing_falls(levels: list[float]) -> None:
    assert after(levels).deepest <= after(levels).drawdown <= 0
    assert after(sorted(levels)).deepest == 0


def test_nothing_left_is_minus_one() -> None:
    assert after([3.0, 0.0]).drawdown == -1.0


@pytest.mark.parametrize("absurd", [2 * LARGEST_LEVEL, -2 * LARGEST_LEVEL, float("nan")])
def test_what_cannot_be_changes_nothing(absurd: float) -> None:
    level = after([1.5, 1.2])

    assert not level.move(absurd)
    assert level == after([1.5, 1.2])
