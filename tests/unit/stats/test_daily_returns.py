import pytest

from mts1b_operations.stats.daily_returns import DailyReturns
from mts1b_operations.stats.origin import Origin

pytestmark = pytest.mark.unit

DAY = 86_400_000_000


def after(ticks: list[tuple[float, float]], keep: int = 9) -> DailyReturns:
    """Fold (day, price) in turn."""
    days, close = DailyReturns(), None
    for number, (day, price) in enumerate(ticks):
        moment = round(day * DAY)
        assert days.accepts(moment)
        days.turn(Origin(number, moment), close, keep)
        close = price
    return days


def test_a_day_ends_at_the_last_price_before_the_next_one() -> None:
    days = after([(0, 100.0), (0.5, 110.0), (1, 99.0), (1.9, 121.0), (2, 60.5)])

    assert days.window(60.5, 3) == pytest.approx([0.1, -0.5])
    assert days.window(121.0, 2) == pytest.approx([0.1, 0.0])
    assert days.loss(60.5) == pytest.approx(0.5)
    assert days.window_origin(2) == Origin(2, DAY)
    assert days.origin == Origin(4, 2 * DAY)


def test_a_day_without_ticks_is_no_observation() -> None:
    assert after([(0, 100.0), (1, 110.0), (5, 121.0)]).window(121.0, 9) == pytest.approx([0.1, 0.1])


def test_without_a_day_before_nothing_is_known() -> None:
    days = after([(0, 100.0), (0.5, 50.0)])

    assert days.window(50.0, 3) == []
    assert days.loss(50.0) is None


def test_no_more_days_are_kept_than_asked_for() -> None:
    assert len(after([(day, 1.0) for day in range(9)], keep=3).ended) == 3


def test_after_a_loss_a_day_must_be_seen_whole() -> None:
    days = after([(0, 100.0), (1, 110.0), (2, 120.0)])
    days.forget()

    days.turn(Origin(8, 3 * DAY), None, 9)
    assert days.window(120.0, 3) == []
    days.turn(Origin(9, 4 * DAY), 120.0, 9)
    assert days.window(132.0, 3) == pytest.approx([0.1])


def test_ticks_out_of_order_are_told_from_repeats() -> None:
    days = after([(1, 100.0)])

    assert not days.accepts(DAY)
    assert days.out_of_order == 0
    assert not days.accepts(DAY - 1)
    assert days.out_of_order == 1
