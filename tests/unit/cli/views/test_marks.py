"""Marking alerts against the truth: what counts as caught, as missed, as false."""

from datetime import UTC, datetime, timedelta

import pytest

from mts1b_operations.cli.views.marks import mark
from mts1b_operations.events.contracts.alerts import Alert, Evidence
from mts1b_operations.events.contracts.halts import HaltRequest
from mts1b_operations.local.market.ground_truth import Episode

pytestmark = pytest.mark.unit

START = datetime(2026, 3, 2, 15, tzinfo=UTC)
EPISODE = Episode(
    name="toxic flow",
    watchdog="vpin",
    rule="level",
    key="ACME",
    fund_id=None,
    start=START,
    end=START + timedelta(hours=2),
    explains_until=START + timedelta(days=1),
)


def fired(after: timedelta, key: str = "ACME", alert_id: str = "a1") -> Alert:
    return Alert(
        alert_id=alert_id,
        watchdog="vpin",
        key=key,
        severity="warning",
        state="firing",
        value=0.5,
        threshold=0.4,
        timestamp=START + after,
        since=START,
        rule="level",
        rule_version="1-abc",
        evidence=Evidence(stream="s", first_seq=1, last_seq=2, window_end=START, method="m"),
    )


def halt(alert_id: str | None) -> HaltRequest:
    return HaltRequest(
        halt_id=f"halt of {alert_id}",
        level="FUND_HALT",
        scope_id="beta",
        reason="r",
        requested_by="portfolio_vol_dd",
        timestamp=START + timedelta(hours=1),
        alert_id=alert_id,
        origin="watchdog",
    )


def test_the_first_alert_of_an_episode_gives_its_delay() -> None:
    late, early = fired(timedelta(hours=3), alert_id="a2"), fired(timedelta(minutes=40))
    marks = mark([late, early], [], [EPISODE])
    assert marks.marks[0].alert == early
    assert marks.marks[0].delay == timedelta(minutes=40)
    assert marks.perfect


def test_an_episode_without_an_alert_is_missed() -> None:
    marks = mark([], [], [EPISODE])
    assert marks.marks[0].delay is None
    assert not marks.perfect


@pytest.mark.parametrize(
    "alert",
    [
        fired(timedelta(minutes=5), key="BOLT"),
        fired(timedelta(minutes=-5)),
        fired(timedelta(days=2)),
    ],
    ids=["another key", "too early", "too late"],
)
def test_an_alert_that_no_episode_explains_is_false(alert: Alert) -> None:
    marks = mark([alert], [], [EPISODE])
    assert marks.false_alarms == (alert,)
    assert not marks.perfect


def test_a_halt_belongs_to_the_episode_of_its_alert() -> None:
    marks = mark([fired(timedelta(minutes=5))], [halt("a1")], [EPISODE])
    assert marks.marks[0].halt == halt("a1")
    assert marks.perfect


@pytest.mark.parametrize("alert_id", ["another", None])
def test_a_halt_without_an_explained_alert_is_false(alert_id: str | None) -> None:
    marks = mark([fired(timedelta(minutes=5))], [halt(alert_id)], [EPISODE])
    assert marks.false_halts == (halt(alert_id),)
    assert not marks.perfect


def test_an_episode_that_was_not_fed_is_not_missed() -> None:
    assert mark([], [], [EPISODE], until=START - timedelta(seconds=1)).marks == ()
