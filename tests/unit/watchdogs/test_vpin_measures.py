"""What VPIN makes of trades and bars."""

from datetime import UTC, datetime

import pytest

from mts1b_operations.events.contracts.market import Bar, TradeBatch
from mts1b_operations.stats.distributions import normal_cdf
from tests.unit.watchdogs.scenes import Watch, bar, feed, readings, trade, watch

pytestmark = pytest.mark.unit

METHOD = {"bucket_volume": 100, "window": 2, "sigma": 0.5}


def symbol(**settings: object) -> Watch:
    return watch("vpin", "AAPL", {**METHOD, **settings})


def bought(watched: Watch, events: list[Bar]) -> list[float | None]:
    return [one.detail["buy_volume"] for one in readings(feed(watched, events))]


def test_a_reading_for_every_completed_bucket_unknown_before_the_window_is_full() -> None:
    said = readings(feed(symbol(), [bar(0, 10, 100), bar(1, 10.5, 150), bar(2, 10.5, 60)]))

    share = normal_cdf(1.0)
    assert [one.detail["bucket"] for one in said] == [0, 1, 2]
    assert [one.state for one in said] == ["unknown", "ok", "breach"]
    assert said[0].value is None
    assert said[0].detail["reason"] == "1 of 2 buckets"
    assert said[0].detail["buy_volume"] == 50.0
    assert said[1].detail["buy_volume"] == pytest.approx(100 * share)
    assert said[2].detail["buy_volume"] == pytest.approx(50 * share + 50 * 0.5)
    assert said[1].value == pytest.approx((2 * share - 1) / 2)


def test_the_reading_names_its_method_and_its_moment() -> None:
    (said,) = readings(feed(symbol(), [bar(3, 10, 100)]))

    assert said.detail["sigma"] == 0.5
    assert said.detail["estimator"] == "fixed"
    assert said.detail["bar"] == "2026-03-02T14:33:00.000000Z"
    assert said.timestamp == datetime(2026, 3, 2, 14, 34, tzinfo=UTC)
    assert said.fund_id is None
    assert (said.key, said.rule, said.threshold) == ("AAPL", "level", 0.4)


def test_a_bar_larger_than_several_buckets_is_split() -> None:
    assert bought(symbol(), [bar(0, 10, 350)]) == [50.0, 50.0, 50.0]


def test_trades_make_the_same_bars() -> None:
    trades = [trade(0, 10, 60), trade(59, 10.5, 60), trade(61, 11, 60), trade(125, 9, 1)]
    bars = [bar(0, 10.5, 120, opened=10), bar(1, 11, 60)]

    from_trades = readings(feed(symbol(input="trades"), trades))
    from_bars = readings(feed(symbol(input="bars"), bars))

    assert [one.detail["buy_volume"] for one in from_trades] == [
        one.detail["buy_volume"] for one in from_bars
    ]
    assert [one.timestamp for one in from_trades] == [one.timestamp for one in from_bars]


def test_a_batch_is_its_trades() -> None:
    trades = [trade(n * 20, 10 + n % 3, 30) for n in range(30)]
    batch = TradeBatch(
        symbol="AAPL",
        timestamps=[one.timestamp for one in trades],
        prices=[one.price for one in trades],
        sizes=[one.size for one in trades],
    )

    singly, together = readings(feed(symbol(), trades)), readings(feed(symbol(), [batch]))

    assert singly == together
    assert len(singly) == 8


def test_the_open_bar_is_not_counted() -> None:
    assert readings(feed(symbol(), [trade(0, 10, 1000), trade(59, 10, 1000)])) == []


def test_a_late_print_adds_volume_and_leaves_the_close() -> None:
    on_time = [trade(0, 10, 50), trade(61, 11, 50), trade(121, 11, 1)]
    late = [*on_time[:2], trade(30, 3, 50), trade(121, 11, 100), trade(181, 11, 1)]

    said = readings(feed(symbol(), late))

    assert said[0].detail["buy_volume"] == pytest.approx(25 + 50 * normal_cdf(2.0))
    assert said[0].detail["late"] == 1


def test_a_bar_that_comes_again_changes_nothing() -> None:
    once = [bar(0, 10, 100), bar(1, 10.5, 100), bar(2, 10.7, 100)]
    again = [once[0], once[1], once[0], once[1], once[2]]

    assert bought(symbol(), again) == bought(symbol(), once)
    assert readings(feed(symbol(), again))[-1].detail["repeated"] == 2


@pytest.mark.parametrize(
    ("session", "change"), [("date", 0.25), ("XNYS", 0.25), (None, 11.25 - 10.0)]
)
def test_price_changes_do_not_cross_a_session(session: str | None, change: float) -> None:
    events = [bar(0, 10, 100), bar(24 * 60, 11.25, 100, opened=11)]

    said = bought(symbol(session=session), events)

    assert said[1] == pytest.approx(100 * normal_cdf(change / 0.5))


def test_the_very_first_bar_counts_from_its_open() -> None:
    assert bought(symbol(session=None), [bar(0, 10.5, 100, opened=10)]) == [
        pytest.approx(100 * normal_cdf(1.0))
    ]


def test_the_first_kind_seen_pins_the_input() -> None:
    watched = symbol()
    feed(watched, [bar(0, 10, 50)])

    assert readings(feed(watched, [trade(60, 10, 500), trade(130, 10, 500)])) == []
    assert len(readings(feed(watched, [bar(1, 10, 50)]))) == 1


def test_bars_of_another_interval_are_left_alone() -> None:
    daily = bar(0, 10, 10_000).model_copy(update={"interval": "1d"})
    watched = symbol()

    assert feed(watched, [daily]) == []
    assert len(readings(feed(watched, [trade(0, 10, 100), trade(61, 10, 1)]))) == 1


def test_sizes_are_whole_lots() -> None:
    """A sum of 0.1 is no sum of tenths: with floats the tenth bucket would not fill."""
    events = [trade(n * 60, 10, 0.1) for n in range(101)]

    said = readings(feed(symbol(bucket_volume=10, lot_size=0.1), events))

    assert len(said) == 10
    assert said[0].detail["buy_volume"] == 5.0
    assert said[0].detail["bucket_lots"] == 10


def test_sigma_is_estimated_from_the_past_only() -> None:
    calm = [bar(n, 10 + 0.1 * (n % 2), 100) for n in range(3)]
    ours = symbol(sigma=None, sigma_min_bars=2, sigma_half_life=1e9, session=None)
    theirs = symbol(sigma=None, sigma_min_bars=2, sigma_half_life=1e9, session=None)

    quiet = readings(feed(ours, [*calm, bar(3, 10.1, 100)]))
    jump = readings(feed(theirs, [*calm, bar(3, 99, 100)]))

    assert quiet[3].detail["sigma"] == jump[3].detail["sigma"]
    assert quiet[3].detail["sigma"] == pytest.approx((0.02 / 3) ** 0.5)
    assert quiet[3].detail["estimator"].startswith("volume-weighted over past bars")
    assert jump[3].detail["buy_volume"] == pytest.approx(100)


def test_buckets_before_sigma_is_known_are_unknown() -> None:
    watched = symbol(sigma=None, sigma_min_bars=2)

    said = readings(feed(watched, [bar(n, 10 + n % 2, 100) for n in range(5)]))

    assert [one.detail["buy_volume"] is None for one in said] == [True, True, False, False, False]
    assert [one.state for one in said][:3] == ["unknown"] * 3
    assert said[2].detail["reason"] == "1 of 2 buckets came before sigma was known"
    assert said[3].value is not None


def test_prices_that_never_move_are_half_bought() -> None:
    said = readings(feed(symbol(sigma=None, sigma_min_bars=2), [bar(n, 10, 50) for n in range(12)]))

    assert [one.value for one in said][-3:] == [0.0, 0.0, 0.0]


def test_without_a_bucket_volume_the_reading_says_what_to_set_once_a_day() -> None:
    watched = symbol(bucket_volume=None)

    said = readings(feed(watched, [bar(0, 10, 9), bar(1, 10, 9), bar(24 * 60, 10, 9)]))

    assert [one.state for one in said] == ["unknown", "unknown"]
    assert said[0].detail["reason"].startswith("bucket_volume is not set")


def test_a_symbol_may_have_a_method_of_its_own() -> None:
    symbols = {"AAPL": {"bucket_volume": 50}}

    assert len(bought(symbol(symbols=symbols), [bar(0, 10, 100)])) == 2
    assert len(bought(symbol(symbols={"INTC": symbols["AAPL"]}), [bar(0, 10, 100)])) == 1


def test_an_absurd_print_neither_stops_nor_blinds() -> None:
    watched = symbol()

    said = readings(feed(watched, [bar(0, 10, 1e300), bar(1, 1e300, 100), bar(2, 10, 100)]))

    assert said[-1].value is not None
    assert said[-1].detail["bucket"] > 10**12
