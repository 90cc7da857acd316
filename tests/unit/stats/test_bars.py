import numpy as np
import pytest

from mts1b_operations.stats.bars import BarSeries, TimeBar, nanoseconds_of, whole_lots
from mts1b_operations.stats.sessions import Endless, UtcDates

pytestmark = pytest.mark.unit

DAY = 86_400 * 10**9


def bar(start: int, first: float, close: float) -> TimeBar:
    return TimeBar(start, first, close, 1, 1, 1)


def test_a_bar_ends_when_a_trade_of_a_later_one_comes() -> None:
    series = BarSeries()

    ended = list(series.of_trades([(0, 10.0, 1, 7), (0, 11.0, 2, 8), (60, 12.0, 4, 9)]))

    assert ended == [TimeBar(0, 10.0, 11.0, 3, 7, 8)]
    assert series.open_bar == TimeBar(60, 12.0, 12.0, 4, 9, 9)
    assert list(series.of_trades([(120, 1.0, 1, 10)])) == [TimeBar(60, 12.0, 12.0, 4, 9, 9)]


def test_a_late_trade_adds_volume_and_leaves_the_close() -> None:
    series = BarSeries()

    assert list(series.of_trades([(60, 12.0, 4, 1), (0, 3.0, 5, 2)])) == []
    assert series.open_bar == TimeBar(60, 12.0, 12.0, 9, 1, 2)
    assert series.late == 1


def test_a_bar_that_is_not_after_the_last_is_a_repeat() -> None:
    series = BarSeries()
    rows = [(0, 10.0, 11.0, 1, 1), (60, 11.0, 12.0, 1, 2)]

    for one in series.of_bars([*rows, *rows]):
        series.change(one, Endless())

    assert (series.repeated, series.last_close) == (2, 12.0)


def test_a_change_is_from_the_close_before_but_not_across_a_session() -> None:
    series = BarSeries()
    bars = [bar(0, 10.0, 10.5), bar(60, 99.0, 10.75), bar(DAY, 11.0, 11.125)]

    assert [series.change(one, UtcDates()) for one in bars] == [0.5, 0.25, 0.125]


def test_after_a_loss_a_change_is_from_the_open() -> None:
    series = BarSeries()
    series.change(bar(0, 10.0, 10.5), Endless())
    series.forget()

    assert series.change(bar(60, 20.0, 20.25), Endless()) == 0.25


def test_an_absurd_price_does_not_overflow() -> None:
    assert BarSeries().change(bar(0, 1e300, 1.0), Endless()) == -1e100


def test_sizes_are_rounded_to_whole_lots() -> None:
    assert whole_lots(np.array([0.3, 0.26, 1e300]), 0.1) == [3, 3, 2**53]


@pytest.mark.parametrize(("interval", "seconds"), [("10s", 10), ("1m", 60), ("2h", 7200)])
def test_the_length_of_an_interval(interval: str, seconds: int) -> None:
    assert nanoseconds_of(interval) == seconds * 10**9
