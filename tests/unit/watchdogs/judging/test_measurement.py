from datetime import UTC, datetime

import pytest

from mts1b_operations.events.contracts.alerts import Evidence
from mts1b_operations.watchdogs.judging.measurement import Comparison, Limit, Measurement

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("comparison", "breaching", "calm"),
    [(">", 0.41, 0.4), (">=", 0.4, 0.39), ("<=", -0.2, -0.19)],
)
def test_a_limit_tells_a_breach(comparison: Comparison, breaching: float, calm: float) -> None:
    limit = Limit("rule", None, comparison, -0.2 if comparison == "<=" else 0.4)

    assert limit.verdict(breaching) == "breach"
    assert limit.verdict(calm) == "ok"


def test_without_value_or_threshold_nothing_is_known() -> None:
    assert Limit("rule", None, ">", 0.4).verdict(None) == "unknown"
    assert Limit("rule", None, ">", None).verdict(0.5) == "unknown"


def test_a_breach_ends_beyond_the_clear_threshold() -> None:
    limit = Limit("rule", None, ">", 0.4, clear=0.3)

    assert limit.verdict(0.35) == "ok"
    assert not limit.cleared(0.35)
    assert limit.cleared(0.3)


def test_the_worse_of_two_values_lies_in_the_direction_of_a_breach() -> None:
    assert Limit("rule", None, ">", 0.4).worse(0.5, 0.6) == 0.6
    assert Limit("rule", None, "<=", -0.2).worse(-0.3, -0.25) == -0.3


@pytest.mark.parametrize(
    ("value", "threshold", "told"),
    [
        (0.03366044897281195, 0.025, "0.03366, limit 0.025"),
        (None, 0.4, "unknown, limit 0.4"),
        (0.5, None, "0.5, limit unknown"),
    ],
)
def test_people_are_told_four_digits(
    value: float | None, threshold: float | None, told: str
) -> None:
    moment = datetime(2026, 3, 2, tzinfo=UTC)
    evidence = Evidence(stream="s", first_seq=1, last_seq=1, window_end=moment, method="m")
    limit = Limit("rule", None, ">", threshold)
    assert Measurement("key", moment, 0, value, (limit,), evidence).against(limit) == told
