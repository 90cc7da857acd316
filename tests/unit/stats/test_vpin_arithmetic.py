"""Numbers of an independent implementation (numpy, scipy, orderflow-metrics 0.40.0)."""

from itertools import pairwise
from math import sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mts1b_operations.stats import vpin as arithmetic
from mts1b_operations.stats.distributions import normal_cdf
from mts1b_operations.stats.moments import Moments, moments_of
from mts1b_operations.stats.origin import Origin
from mts1b_operations.stats.vpin import (
    Bucket,
    Filled,
    History,
    Noise,
    Window,
    buy_share,
    empirical_cdf,
    imbalance,
    level_of_cdf,
    vpin,
)

pytestmark = pytest.mark.unit

HERE = Origin(1, 0)
HISTORY = [0.21, 0.25, 0.22, 0.3, 0.28, 0.26, 0.24, 0.35, 0.31, 0.27]


def pack(lots: list[int], shares: list[float], capacity: int) -> tuple[list[float], int]:
    """Pour bars in turn; give what bought in each full bucket, and the lots left over."""
    bucket, bought = Bucket(), []
    for volume, share in zip(lots, shares, strict=True):
        for filled in bucket.pour(volume, share, capacity, HERE):
            bought.extend([filled.bought or 0.0] * (1 + filled.passed))
    return bought, bucket.filled


def test_time_bars_split_over_buckets() -> None:
    closes = [100.0, 100.02, 99.99, 100.04, 100.03, 99.95, 100.0, 100.06]
    lots = [60, 50, 70, 80, 100, 60, 40]
    changes = [after - before for before, after in pairwise(closes)]
    noise = Moments()
    for change, volume in zip(changes, lots, strict=True):
        noise.add(change, volume)

    shares = [buy_share(change, noise.deviation()) for change in changes]
    bought, left = pack(lots, shares, 100)

    expected = [50.28276600522531, 69.8455224366191, 27.61845590188612, 36.95861260266519]
    assert noise.deviation() == pytest.approx(0.05077471648023747, rel=1e-9)
    assert bought == pytest.approx(expected, rel=1e-9)
    assert left == 60
    assert vpin([imbalance(one, 100) for one in bought]) == pytest.approx(
        0.27775609968646553, rel=1e-9
    )


def test_one_classification_a_bucket() -> None:
    changes = [0.01, -0.04, 0.08, 0.05, 0.0]
    sigma = moments_of(changes).deviation()

    shares = [buy_share(change, sigma) for change in changes]

    assert sigma == pytest.approx(0.0414728827066561, rel=1e-9)
    assert shares[1] == pytest.approx(0.16740125114236787, rel=1e-9)
    assert vpin([imbalance(100 * share, 100) for share in shares]) == pytest.approx(
        0.514806602987698, rel=1e-9
    )


def test_without_noise_half_of_the_volume_bought() -> None:
    assert buy_share(0.0, 0.0) == 0.5
    assert buy_share(0.3, 0.0) == 0.5


def test_known_sides() -> None:
    assert vpin([imbalance(bought, 100) for bought in (70, 20, 50, 100)]) == 0.5


def test_pure_noise_lies_above_the_usual_threshold() -> None:
    spread = sqrt(1 / 12 / 50)

    assert normal_cdf((0.5 - 0.4) / spread) == pytest.approx(0.9928470607822851, rel=1e-9)


@pytest.mark.parametrize(("value", "share"), [(0.2, 0.0), (0.28, 0.7), (0.35, 1.0), (0.4, 1.0)])
def test_distribution_of_the_past(value: float, share: float) -> None:
    assert empirical_cdf(HISTORY, value) == share


@given(
    history=st.lists(st.floats(0, 1), min_size=1, max_size=60),
    value=st.floats(0, 1),
    share=st.floats(0.01, 1),
)
def test_the_level_of_a_share_says_the_same(
    history: list[float], value: float, share: float
) -> None:
    by_level = value >= level_of_cdf(history, share)

    assert by_level == (empirical_cdf(history, value) >= share)


@given(
    bars=st.lists(st.tuples(st.integers(0, 250), st.floats(0, 1)), max_size=40),
    capacity=st.integers(1, 100),
)
def test_no_lot_is_lost_or_made(bars: list[tuple[int, float]], capacity: int) -> None:
    lots, shares = [volume for volume, _ in bars], [share for _, share in bars]

    bought, left = pack(lots, shares, capacity)

    assert len(bought) * capacity + left == sum(lots)
    assert all(-1e-9 <= one <= capacity * (1 + 1e-9) for one in bought)


def test_an_absurd_size_is_passed_over_in_one_go() -> None:
    lots = 10**15 + 7

    filled = list(Bucket().pour(lots, 0.25, 10, HERE))

    assert len(filled) == arithmetic.MOST_BUCKETS
    assert sum(1 + one.passed for one in filled) == lots // 10
    assert filled[-1].bought == 2.5


def test_unclassified_volume_spoils_its_bucket_only() -> None:
    bucket = Bucket()

    first = list(bucket.pour(5, None, 10, HERE))
    then = list(bucket.pour(15, 1.0, 10, HERE))

    assert first == []
    assert [one.bought for one in then] == [None, 10.0]
    assert [one.imbalance for one in then] == [None, 1.0]


def test_a_bucket_begins_where_its_first_lot_came_from() -> None:
    bucket, later = Bucket(), Origin(2, 60)

    assert list(bucket.pour(6, 0.5, 10, HERE)) == []
    assert [one.origin for one in bucket.pour(20, 0.5, 10, later)] == [HERE, later]
    bucket.empty()
    assert [one.origin for one in bucket.pour(10, 0.5, 10, HERE)] == [HERE]


def test_noise_is_known_after_enough_bars_with_volume() -> None:
    noise = Noise()
    noise.learn(99.0, 0, half_life=1.0)
    noise.learn(1.0, 3, half_life=1.0)

    assert noise.sigma(2) is None
    noise.learn(-1.0, 1, half_life=1.0)
    # The first weighs 3, halved; the second 1: mean 0.2, deviations 0.8 and 1.2.
    assert noise.sigma(2) == pytest.approx(((1.5 * 0.64 + 1.44) / 2.5) ** 0.5)


def test_a_window_is_known_when_full_and_classified() -> None:
    window = Window()
    window.add(Filled(None, 10, HERE), length=2)
    window.add(Filled(10.0, 10, HERE), length=2)

    assert (window.vpin(2), window.unclassified, window.completed) == (None, 1, 2)
    window.add(Filled(5.0, 10, HERE, passed=1), length=2)
    assert (window.vpin(2), window.unclassified, window.completed) == (0.0, 0, 4)


def test_a_history_speaks_when_it_is_long_enough_and_stays_short() -> None:
    history = History()
    for value in [9.0, *HISTORY]:
        history.add(value, keep=10)

    assert history.values == HISTORY
    assert history.level(0.9, least=11) is None
    assert history.level(0.9, least=10) == 0.31
    assert history.share(0.31) == 0.9


def test_no_bucket_has_no_vpin() -> None:
    with pytest.raises(ValueError, match="expected at least one bucket, found none"):
        vpin([])
