"""What the watchdog of portfolio risk makes of strategies' profit and loss."""

import pytest

from mts1b_operations.events.contracts.halts import HaltRequest
from tests.unit.watchdogs.scenes import Watch, alerts, feed, pnl, readings, told, watch

pytestmark = pytest.mark.unit


def fund(**settings: object) -> Watch:
    return watch("portfolio_vol_dd", "alpha", settings)


def test_drawdown_of_the_sum_of_profit_over_capital() -> None:
    said = readings(feed(fund(), [pnl(0, "20"), pnl(1, "-30"), pnl(2, "-10", capital="50")]))

    assert [one.value for one in said] == pytest.approx([0, -0.25, -0.5 / 1.2])
    assert {(one.key, one.fund_id, one.rule) for one in said} == {
        ("one", "alpha", "strategy_drawdown")
    }


def test_a_confirmed_drawdown_halts_the_strategy_alone() -> None:
    calm = [pnl(day, "1", strategy="two") for day in range(4)]
    deep = [pnl(0, "-25"), pnl(1, "0"), pnl(2, "0"), pnl(3, "0")]

    emissions = feed(fund(drawdown_limit=0.2), [*deep, *calm])

    (halt,) = told(emissions, HaltRequest)
    assert (halt.level, halt.scope_id, halt.timestamp) == (
        "STRATEGY_HALT",
        "one",
        deep[2].timestamp,
    )
    assert alerts(emissions) == [("firing", "alpha")]


def test_a_correction_undoes_a_wrong_tick() -> None:
    emissions = feed(fund(drawdown_limit=0.2), [pnl(0, "-90"), pnl(1, "90"), pnl(2, "0")])

    assert told(emissions, HaltRequest) == []
    assert alerts(emissions) == [("firing", "alpha"), ("resolved", "alpha")]


def test_a_late_tick_counts_and_a_repeated_one_does_not() -> None:
    said = readings(feed(fund(), [pnl(0, "10"), pnl(2, "-22"), pnl(1, "-11"), pnl(1, "-11")]))

    assert [one.value for one in said] == pytest.approx([0, -0.2, -0.3])
    assert said[2].timestamp == said[1].timestamp


def test_a_late_tick_confirms_no_halt() -> None:
    ticks = [pnl(3, "-50"), pnl(1, "0"), pnl(2, "0")]

    assert told(feed(fund(), ticks), HaltRequest) == []


def test_a_tick_too_old_to_be_told_from_a_repeat_is_counted_only() -> None:
    said = readings(feed(fund(), [*(pnl(day, "0") for day in range(1, 70)), pnl(0, "-50")]))

    assert len(said) == 69
    assert readings(feed(fund(), [*(pnl(day, "0") for day in range(1, 70))]))[-1].value == 0


@pytest.mark.parametrize("capital", ["0", "-10"])
def test_without_capital_nothing_is_known(capital: str) -> None:
    said = readings(feed(fund(), [pnl(0, "1"), pnl(1, "-90", capital=capital), pnl(2, "1")]))

    assert [one.state for one in said] == ["ok", "unknown", "ok"]
    assert said[1].detail["reason"].startswith("capital is not above zero")


def test_a_strategy_called_like_its_fund_is_told_apart() -> None:
    emissions = feed(fund(), [pnl(0, "-50", strategy="alpha"), pnl(1, "0", strategy="alpha")])

    assert {one.rule for one in readings(emissions)} == {"strategy_drawdown"}
