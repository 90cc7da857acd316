"""Who is told of VPIN, and what is asked for."""

from typing import Any

import pytest

from mts1b_operations.events.contracts.actions import ActionRequest
from mts1b_operations.events.contracts.alerts import Alert
from mts1b_operations.events.contracts.market import Bar
from tests.unit.watchdogs.scenes import Watch, alerts, bar, feed, readings, told, watch

pytestmark = pytest.mark.unit

METHOD = {"bucket_volume": 100, "window": 1, "sigma": 1, "session": None}
CALM, HALF, TOXIC = 0.0, 0.5, 3.0
"""Price changes of a bar that make a VPIN of 0, 0.38 and 0.997."""


def symbol(firm: dict[str, Any] | None = None, **funds: dict[str, Any]) -> Watch:
    return watch("vpin", "AAPL", METHOD | (firm or {}), **funds)


def path(*changes: float) -> list[Bar]:
    price, bars = 100.0, [bar(0, 100, 100)]
    for minute, change in enumerate(changes, 1):
        price += change
        bars.append(bar(minute, price, 100))
    return bars


def test_one_episode_one_throttle() -> None:
    emissions = feed(symbol(), path(TOXIC, TOXIC, TOXIC, CALM))

    assert alerts(emissions) == [("firing", None), ("resolved", None)]
    (action,) = told(emissions, ActionRequest)
    assert (action.action, action.symbol, action.fund_id) == ("throttle", "AAPL", None)
    assert action.parameters == {"aggressive_share": 0.0, "except_funds": []}
    assert action.expires > action.timestamp


def test_hysteresis_keeps_it_from_flapping() -> None:
    changes = (TOXIC, HALF, TOXIC, HALF, CALM)

    assert len(alerts(feed(symbol(), path(*changes)))) == 4
    assert len(alerts(feed(symbol({"clear_threshold": 0.2}), path(*changes)))) == 2


def test_evidence_spans_the_window() -> None:
    emissions = feed(symbol({"window": 2}), path(CALM, TOXIC))

    (alert,) = told(emissions, Alert)
    evidence = alert.evidence
    assert (evidence.stream, evidence.first_seq, evidence.last_seq) == ("S", 2, 3)
    assert evidence.window_start is not None
    assert evidence.window_end == alert.timestamp
    assert "2 buckets of 100 lots" in evidence.method


def test_a_fund_has_its_own_limits_on_the_one_reading() -> None:
    watched = symbol(alpha={"threshold": 0.3, "severity": "critical"}, beta={"threshold": 0.999})

    emissions = feed(watched, path(HALF, TOXIC))

    assert len(readings(emissions)) == 3
    assert {one.fund_id for one in readings(emissions)} == {None}
    found = [(one.fund_id, one.threshold, one.severity) for one in told(emissions, Alert)]
    assert found == [("alpha", 0.3, "critical"), (None, 0.4, "warning")]


def test_the_firms_request_leaves_out_funds_that_speak_for_themselves() -> None:
    watched = symbol(alpha={"threshold": 0.3, "throttle_to": 0.25}, beta={"threshold": 0.999})

    requests = told(feed(watched, path(TOXIC)), ActionRequest)

    assert [(one.fund_id, one.parameters) for one in requests] == [
        (None, {"aggressive_share": 0.0, "except_funds": ["alpha", "beta"]}),
        ("alpha", {"aggressive_share": 0.25}),
    ]


def test_funds_do_not_change_the_reading() -> None:
    with_funds = feed(symbol(alpha={"threshold": 0.3}), path(HALF, TOXIC))

    assert readings(with_funds) == readings(feed(symbol(), path(HALF, TOXIC)))


def test_the_past_of_the_symbol_may_be_the_measure() -> None:
    firm = {"rule": "cdf", "cdf_history": 20, "cdf_threshold": 0.95, "cdf_clear_threshold": 0.5}
    ordinary = [0.1 * (1 + n % 3) for n in range(20)]
    emissions = feed(symbol(firm), path(*ordinary, HALF, 0.2, 0.01))

    said = readings(emissions)
    assert [one.state for one in said[:20]] == ["unknown"] * 20
    assert said[19].detail["reason"] == "19 of 20 past readings"
    assert said[21].state == "breach"
    assert said[21].detail["cdf"] == 1.0
    assert said[21].threshold == said[3].value
    assert said[22].state == "ok"
    assert alerts(emissions, "cdf") == [("firing", None), ("resolved", None)]


def test_a_short_past_is_unknown_however_extreme_the_value() -> None:
    emissions = feed(symbol({"rule": "cdf", "cdf_history": 20}), path(*[CALM] * 10, TOXIC))

    assert alerts(emissions) == []
    assert readings(emissions)[-1].state == "unknown"
