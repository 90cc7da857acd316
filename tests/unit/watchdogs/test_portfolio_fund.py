"""What the watchdog of portfolio risk makes of NAV prints."""

import pytest

from mts1b_operations.events.contracts.actions import ActionRequest
from mts1b_operations.events.contracts.alerts import Alert
from mts1b_operations.events.contracts.halts import HaltRequest
from mts1b_operations.events.contracts.portfolio import NavTick
from mts1b_operations.events.contracts.registry import FundRegistered, StrategyRegistered
from mts1b_operations.stats.volatility import ratio_p_value
from tests.unit.stats.samples import RETURNS
from tests.unit.watchdogs.scenes import START, Watch, alerts, feed, nav, readings, told, watch

pytestmark = pytest.mark.unit


def fund(**settings: object) -> Watch:
    return watch("portfolio_vol_dd", "alpha", settings)


def registered(**facts: object) -> FundRegistered:
    known = {"fund_id": "alpha", "timestamp": START, "mode": "live"}
    return FundRegistered.model_validate(known | facts)


def path(returns: list[float], flow: float = 0.0) -> list[NavTick]:
    level, prints = 100.0, [nav(0, 100.0)]
    for day, one in enumerate(returns, 1):
        level = level * (1 + one) + flow
        prints.append(nav(day, repr(level), str(flow) if flow else None))
    return prints


def test_twenty_daily_returns_against_the_target() -> None:
    emissions = feed(fund(target_volatility=0.15), path(RETURNS))

    *before, said = readings(emissions, "realised_vol")
    assert {one.state for one in before} == {"unknown"}
    assert before[-1].detail["reason"] == "19 of 20 daily returns"
    assert said.value == pytest.approx(0.2610925425772894, rel=1e-9)
    assert said.threshold == pytest.approx(0.225)
    assert said.state == "breach"
    assert said.detail["vol_zero_mean"] == pytest.approx(0.2547598869524007, rel=1e-9)
    assert said.detail["ewma_vol"] == pytest.approx(0.23449636576045535, rel=1e-9)
    assert said.detail["ratio"] == pytest.approx(1.7406169505152629, rel=1e-9)
    assert said.detail["gross_scale"] == pytest.approx(0.5745089404673308, rel=1e-9)


def test_drawdown_counts_the_start_as_a_peak() -> None:
    said = readings(feed(fund(), path(RETURNS)), "drawdown")

    assert said[-1].detail["max_drawdown"] == pytest.approx(-0.040682656, rel=1e-9)
    assert said[0].value == 0.0


def test_a_breach_asks_once_for_an_absolute_gross_scale() -> None:
    wilder = [*RETURNS, 0.03, -0.03, 0.03]

    emissions = feed(fund(target_volatility=0.15), path(wilder))

    (request,) = told(emissions, ActionRequest)
    assert (request.action, request.fund_id) == ("reduce", "alpha")
    assert request.parameters == {"gross_scale": pytest.approx(0.5745089404673308, rel=1e-9)}
    (alert,) = told(emissions, Alert)
    assert alert.false_alarms_per_year == pytest.approx(252 * ratio_p_value(1.5, 19))


def test_money_that_comes_and_goes_is_no_return() -> None:
    plain = readings(feed(fund(), path(RETURNS)))
    paid_in = readings(feed(fund(), path(RETURNS, flow=250.0)))

    assert [one.value for one in paid_in] == [
        None if one.value is None else pytest.approx(one.value, rel=1e-9, abs=1e-12)
        for one in plain
    ]


def test_the_registered_target_counts_unless_one_is_set() -> None:
    wanted = registered(target_volatility=0.2)

    told_by_register = readings(feed(fund(), [wanted, *path(RETURNS)]), "realised_vol")[-1]
    told_by_settings = readings(
        feed(fund(target_volatility=0.15), [wanted, *path(RETURNS)]), "realised_vol"
    )[-1]

    assert told_by_register.threshold == pytest.approx(0.3)
    assert told_by_settings.threshold == pytest.approx(0.225)


def test_without_a_target_nothing_is_known() -> None:
    said = readings(feed(fund(), path(RETURNS)), "realised_vol")[-1]

    assert (said.state, said.threshold) == ("unknown", None)
    assert said.value == pytest.approx(0.2610925425772894, rel=1e-9)
    assert said.detail["reason"].startswith("no target volatility")


def test_an_older_registration_does_not_undo_a_newer_one() -> None:
    newer = registered(daily_loss_halt_pct=0.02)
    older = newer.model_copy(
        update={"timestamp": START.replace(year=2025), "daily_loss_halt_pct": 0.9}
    )

    said = readings(feed(fund(), [newer, older, nav(0, 100)]), "daily_loss")

    assert said[0].threshold == 0.02


def test_the_running_day_is_the_last_return() -> None:
    emissions = feed(fund(window=2), [nav(0, 100), nav(1, 110), nav(2, 99), nav(2.1, 121)])

    last, corrected = readings(emissions, "realised_vol")[-2:]
    assert last.detail["days"] == corrected.detail["days"] == 2
    assert last.value == pytest.approx(252**0.5 * 0.2 / 2**0.5)
    assert corrected.value == pytest.approx(0.0, abs=1e-9)


def test_a_missing_day_is_no_observation() -> None:
    said = readings(feed(fund(window=2), [nav(0, 100), nav(1, 110), nav(4, 121)]), "realised_vol")

    assert said[-1].detail["days"] == 2
    assert said[-1].value == pytest.approx(0.0, abs=1e-9)


def test_a_daily_loss_halts_the_fund_once_it_is_confirmed() -> None:
    watched = fund()
    before = feed(
        watched, [registered(daily_loss_halt_pct=0.02), nav(0, 100), nav(1, 97.9), nav(1.1, 97.9)]
    )

    assert told(before, HaltRequest) == []
    (halt,) = told(feed(watched, [nav(1.2, 97.5), nav(1.3, 97.0)]), HaltRequest)
    assert (halt.level, halt.scope_id) == ("FUND_HALT", "alpha")
    assert "daily_loss of alpha at 0.025" in halt.reason


def test_the_loss_is_counted_from_the_day_before() -> None:
    prints = [nav(0, 100), nav(0.1, 102), nav(1, 101), nav(1.1, 100), nav(2, 100)]

    values = [one.value for one in readings(feed(fund(), prints), "daily_loss")]

    assert values == pytest.approx([0, -0.02, 1 / 102, 2 / 102, 0])


@pytest.mark.parametrize("bad", ["0", "-5", "1"])
def test_one_bad_print_halts_nothing_and_leaves_no_trace(bad: str) -> None:
    limits = {"daily_loss_halt_pct": 0.02, "drawdown_limit": 0.1}
    emissions = feed(fund(**limits), [nav(0, 100), nav(1, 100), nav(1.1, bad), nav(1.2, 100)])

    assert told(emissions, HaltRequest) == []
    assert {one.value for one in readings(emissions, "drawdown")[-1:]} == {0.0}
    assert alerts(emissions, "drawdown") == [("firing", "alpha"), ("resolved", "alpha")]


def test_a_bad_last_print_of_a_day_does_not_blind_the_next() -> None:
    said = readings(feed(fund(), [nav(0, 100), nav(1, 98), nav(1.1, 0), nav(2, 49)]), "daily_loss")

    assert said[-1].value == pytest.approx(0.5)


def test_without_a_nav_above_zero_nothing_is_known() -> None:
    said = readings(feed(fund(), [nav(0, 0), nav(1, -3)]))

    assert {one.state for one in said} == {"unknown"}
    assert {one.value for one in said} == {None}
    assert readings(feed(fund(), [nav(0, 0), nav(1, 5)]), "drawdown")[-1].value == 0.0


def test_prints_out_of_order_are_left_out_and_counted() -> None:
    prints = [nav(0, 100), nav(1, 90), nav(0.5, 300), nav(1, 90), nav(1.1, 90)]

    said = readings(feed(fund(), prints), "drawdown")

    assert [one.value for one in said] == pytest.approx([0, -0.1, -0.1])
    assert said[-1].detail["out_of_order"] == 1


def test_a_drawdown_halts_every_strategy_of_the_fund() -> None:
    who = [
        registered(strategies=["carry"]),
        StrategyRegistered(strategy_id="trend", fund_id="alpha", timestamp=START),
    ]

    emissions = feed(fund(drawdown_limit=0.1), [*who, *path([0, -0.05, -0.06, -0.01, 0, 0])])

    halts = told(emissions, HaltRequest)
    assert [(one.level, one.scope_id) for one in halts] == [
        ("STRATEGY_HALT", "carry"),
        ("STRATEGY_HALT", "trend"),
    ]
    assert len({one.halt_id for one in halts}) == 2


def test_a_drawdown_without_known_strategies_halts_the_fund() -> None:
    emissions = feed(fund(drawdown_limit=0.1), path([-0.2, 0, 0]))

    (halt,) = told(emissions, HaltRequest)
    assert (halt.level, halt.scope_id) == ("FUND_HALT", "alpha")
    assert halt.reason.endswith("no strategy of the fund is registered, so the whole fund halts")


def test_money_that_leaves_entirely_and_comes_back_is_no_drawdown() -> None:
    prints = [nav(0, 100), nav(1, 0, "-100"), nav(2, 50, "50"), nav(3, 55)]

    values = [one.value for one in readings(feed(fund(), prints), "drawdown")]

    assert values == pytest.approx([0, 0, 0, 0])


def test_a_loss_before_all_money_left_is_no_loss_of_the_day_it_comes_back() -> None:
    prints = [nav(0, 100), nav(1, 80), nav(1.1, 0, "-80"), nav(2, 0), nav(3, 50, "50")]

    volatility, _, loss = readings(feed(fund(window=2), prints))[-3:]

    assert loss.value == 0
    assert volatility.detail["vol_zero_mean"] == 0


def test_a_fund_may_be_held_differently() -> None:
    watched = watch(
        "portfolio_vol_dd", "alpha", {"drawdown_limit": 0.3}, alpha={"drawdown_limit": 0.1}
    )

    assert readings(feed(watched, [nav(0, 100)]), "drawdown")[0].threshold == -0.1
