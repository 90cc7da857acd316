import pytest

from mts1b_operations.stats.origin import Origin
from mts1b_operations.stats.profit import REMEMBERED, ProfitTrack

pytestmark = pytest.mark.unit


def after(*ticks: tuple[int, float]) -> ProfitTrack:
    """Fold (moment, pnl) on a capital of 100 in turn."""
    track = ProfitTrack()
    for moment, pnl in ticks:
        if track.accepts(moment):
            assert track.take(pnl, 100.0, Origin(moment, moment))
    return track


def test_ticks_are_summed_in_any_order() -> None:
    track = after((1, 10.0), (3, -22.0), (2, -11.0))

    assert track.level.now == pytest.approx(0.77)
    assert track.level.drawdown == pytest.approx(0.77 / 1.1 - 1)
    assert track.start == Origin(1, 1)


def test_a_repeated_tick_is_left_out() -> None:
    assert after((1, 10.0), (2, 5.0), (1, 10.0)) == after((1, 10.0), (2, 5.0))


def test_what_is_too_old_to_tell_is_counted_only() -> None:
    track = after(*((moment, 0.0) for moment in range(1, REMEMBERED + 2)))

    assert not track.accepts(1)
    assert track.out_of_order == 1
    assert len(track.moments) == REMEMBERED


@pytest.mark.parametrize(("pnl", "capital"), [(1.0, 0.0), (1.0, -1.0), (1e139, 1e-139)])
def test_without_a_credible_level_the_track_stands_still(pnl: float, capital: float) -> None:
    track = after((1, 10.0))

    assert not track.take(pnl, capital, Origin(2, 2))
    assert track.level == after((1, 10.0)).level
