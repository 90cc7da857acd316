"""The simulated past: the same for the same seed, in order, and what it says it is."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from mts1b_operations.events.contracts.market import TradeBatch
from mts1b_operations.events.contracts.portfolio import NavTick
from mts1b_operations.events.contracts.strategy import StrategyPnl
from mts1b_operations.events.decode import decode
from mts1b_operations.events.envelope import RawMessage
from mts1b_operations.local.market.faults import WARM_UP_DAYS
from mts1b_operations.local.market.funds import TICKS_A_DAY
from mts1b_operations.local.market.scenario import DAYS, Scenario, simulate
from mts1b_operations.local.market.sessions import sessions_before

pytestmark = pytest.mark.unit

END = datetime(2026, 3, 2, 22, tzinfo=UTC)


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    return simulate(seed=7, end=END)


def test_the_same_seed_gives_the_same_past(scenario: Scenario) -> None:
    assert simulate(seed=7, end=END) == scenario


def test_another_seed_gives_another_past(scenario: Scenario) -> None:
    other = simulate(seed=8, end=END)
    assert other.episodes != scenario.episodes
    assert {one.event_id for one in other.emissions}.isdisjoint(
        one.event_id for one in scenario.emissions
    )


def test_a_later_end_moves_the_dates_and_not_the_numbers(scenario: Scenario) -> None:
    later = simulate(seed=7, end=END + timedelta(days=7))
    assert _navs(later) == _navs(scenario)
    assert later.emissions[-1].time == scenario.emissions[-1].time + timedelta(days=7)


def test_events_are_in_time_order_and_over(scenario: Scenario) -> None:
    times = [emission.time for emission in scenario.emissions]
    assert times == sorted(times)
    assert times[-1] <= END


def test_every_event_has_an_id_of_its_own(scenario: Scenario) -> None:
    assert max(Counter(one.event_id for one in scenario.emissions).values()) == 1


def test_every_event_passes_the_gate_that_the_flows_use(scenario: Scenario) -> None:
    arrival = int(END.timestamp() * 1e9)
    for number, emission in enumerate(scenario.emissions[:2000]):
        message = RawMessage(emission.subject, emission.payload(), number, arrival)
        assert decode(message).reasons == []


def test_about_two_trades_a_minute_and_symbol(scenario: Scenario) -> None:
    assert 110_000 < scenario.trades < 150_000


def test_episodes_come_after_the_warm_up_and_end_in_time(scenario: Scenario) -> None:
    for episode in scenario.episodes:
        assert scenario.sessions.openings[WARM_UP_DAYS] <= episode.start < episode.end
        assert episode.end <= episode.explains_until <= scenario.emissions[-1].time


def test_profits_of_the_strategies_sum_to_the_change_of_the_nav(scenario: Scenario) -> None:
    navs = _navs(scenario)
    for fund_id in ("alpha", "beta"):
        profits = sum(
            (
                one.event.pnl
                for one in scenario.emissions
                if isinstance(one.event, StrategyPnl) and one.event.fund_id == fund_id
            ),
            start=Decimal(0),
        )
        opening = {"alpha": Decimal(250_000_000), "beta": Decimal(80_000_000)}[fund_id]
        assert opening + profits == navs[fund_id][-1]
        assert len(navs[fund_id]) == DAYS * TICKS_A_DAY


def test_prices_are_whole_cents_and_sizes_whole_lots(scenario: Scenario) -> None:
    for emission in scenario.emissions:
        if isinstance(emission.event, TradeBatch):
            assert all(round(price, 2) == price for price in emission.event.prices)
            assert all(size % 100 == 0 for size in emission.event.sizes)


def test_a_past_too_short_for_its_episodes_is_refused() -> None:
    with pytest.raises(ValueError, match="expected at least 36 trading days, found 30"):
        simulate(seed=7, end=END, days=30)


def test_a_negative_seed_is_refused() -> None:
    with pytest.raises(ValueError, match="expected a seed of 0 or more, found -1"):
        simulate(seed=-1, end=END)


def test_sessions_skip_weekends_and_the_day_that_is_not_over() -> None:
    monday_noon = datetime(2026, 3, 2, 12, tzinfo=UTC)
    days = [opening.date().isoformat() for opening in sessions_before(monday_noon, 2).openings]
    assert days == ["2026-02-26", "2026-02-27"]


def test_a_moment_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="expected an aware moment"):
        sessions_before(datetime(2026, 3, 2), 2)  # noqa: DTZ001


def _navs(scenario: Scenario) -> dict[str, list[Decimal]]:
    navs: dict[str, list[Decimal]] = {}
    for emission in scenario.emissions:
        if isinstance(emission.event, NavTick):
            navs.setdefault(emission.event.fund_id, []).append(emission.event.nav)
    return navs
