import pytest
from hypothesis import given
from hypothesis import strategies as st

from mts1b_operations.stats.unit_price import UnitPrice

pytestmark = pytest.mark.unit


def after(*prints: tuple[float, float]) -> UnitPrice:
    """Fold (nav, flow) in turn."""
    price = UnitPrice()
    for nav, flow in prints:
        price.take(nav, flow)
    return price


@given(
    changes=st.lists(
        st.tuples(st.floats(-0.5, 0.5), st.sampled_from([0.0, 25.0, 400.0])), max_size=20
    )
)
def test_money_that_comes_in_is_no_performance(changes: list[tuple[float, float]]) -> None:
    price, nav, expected = after((100.0, 0.0)), 100.0, 1.0
    for change, flow in changes:
        nav, expected = nav * (1 + change) + flow, expected * (1 + change)
        assert price.take(nav, flow)

    assert price.level.now == pytest.approx(expected)


def test_a_bad_print_leaves_no_trace_in_the_ones_after_it() -> None:
    price = after((100.0, 0.0), (0.0, 0.0), (-5.0, 0.0), (110.0, 0.0))

    assert price.level.now == pytest.approx(1.1)


def test_an_absurd_print_has_no_price() -> None:
    price = after((100.0, 0.0))

    assert not price.take(1e35, 0.0)
    assert price == after((100.0, 0.0))


@pytest.mark.parametrize("nav", [0.0, -1.0, 1e35])
def test_units_are_founded_by_a_credible_nav_above_zero(nav: float) -> None:
    price = UnitPrice()

    assert not price.take(nav, 0.0)
    assert not price.known
    assert price.take(50.0, 50.0)
    assert (price.known, price.level.now) == (True, 1.0)


def test_money_that_leaves_entirely_and_comes_back_goes_on_at_the_last_price() -> None:
    price = after((100.0, 0.0), (80.0, 0.0), (0.0, -80.0), (50.0, 50.0), (55.0, 0.0))

    assert price.level.now == pytest.approx(0.88)


def test_what_happened_unseen_is_not_counted() -> None:
    price = after((100.0, 0.0), (90.0, 0.0))
    price.forget()

    assert not price.known
    assert price.take(45.0, 0.0)
    assert price.level.now == pytest.approx(0.9)
