"""How numbers and durations are said."""

from datetime import timedelta

import pytest

from mts1b_operations.cli.views.words import counted, duration, measured

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("delay", "said"),
    [
        (timedelta(seconds=40), "40 s"),
        (timedelta(minutes=12), "12 min"),
        (timedelta(hours=3, minutes=5), "3 h 5 min"),
        (timedelta(days=2, hours=3, minutes=59), "2 d 3 h"),
    ],
)
def test_durations_are_said_in_two_units(delay: timedelta, said: str) -> None:
    assert duration(delay) == said


@pytest.mark.parametrize(("number", "said"), [(0, "0 halts"), (1, "1 halt"), (1200, "1,200 halts")])
def test_one_is_not_many(number: int, said: str) -> None:
    assert counted(number, "halt") == said


def test_a_value_has_three_digits_and_none_is_a_dash() -> None:
    assert measured(0.033660448) == "0.0337"
    assert measured(None) == "-"
