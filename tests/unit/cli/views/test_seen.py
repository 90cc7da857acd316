"""Gathering what operations says: repeats count once, what resolved does not fire."""

from datetime import UTC, datetime, timedelta

import pytest

from mts1b_operations.cli.views.facts import Intake, Moment, ProcessState, Seen
from mts1b_operations.events.contracts.alerts import Alert, AlertState, Evidence
from mts1b_operations.events.contracts.audit import Gap, Rejected
from mts1b_operations.events.contracts.halts import HaltRequest
from mts1b_operations.events.contracts.health import Heartbeat

pytestmark = pytest.mark.unit

NOW = datetime(2026, 3, 2, 15, tzinfo=UTC)


def alert(alert_id: str = "a1", state: AlertState = "firing", timestamp: datetime = NOW) -> Alert:
    return Alert(
        alert_id=alert_id,
        watchdog="vpin",
        key="ACME",
        severity="warning",
        state=state,
        value=0.5,
        threshold=0.4,
        timestamp=timestamp,
        since=NOW,
        rule="level",
        rule_version="1-abc",
        evidence=Evidence(stream="s", first_seq=1, last_seq=2, window_end=NOW, method="m"),
    )


def test_a_repeated_transition_counts_once() -> None:
    seen = Seen()
    for _ in range(3):
        seen.saw(alert())
    assert len(seen.fired) == len(seen.firing) == 1


def test_a_resolved_alert_has_fired_and_fires_no_more() -> None:
    seen = Seen()
    seen.saw(alert())
    seen.saw(alert(alert_id="a2"))
    seen.saw(alert(state="resolved", timestamp=NOW + timedelta(hours=1)))
    assert [one.alert_id for one in seen.fired] == ["a1", "a2"]
    assert [one.alert_id for one in seen.firing] == ["a2"]


def test_a_resolution_that_overtakes_its_alert_is_believed() -> None:
    seen = Seen()
    seen.saw(alert(state="resolved"))
    seen.saw(alert())
    assert seen.firing == []


def test_each_kind_has_its_count_and_others_none() -> None:
    seen = Seen()
    seen.saw(
        Rejected(source="flows", subject="x", reason="r", stream="S", sequence=1, payload_base64="")
    )
    seen.saw(
        Gap(
            source="flows",
            stream="S",
            partition="0",
            reason="purged",
            expected_sequence=1,
            found_sequence=5,
        )
    )
    halt = HaltRequest(
        halt_id="h1",
        level="FUND_HALT",
        scope_id="beta",
        reason="daily loss",
        requested_by="portfolio_vol_dd",
        timestamp=NOW,
        origin="watchdog",
    )
    seen.saw(halt)
    seen.saw(halt)
    seen.saw(Heartbeat(service="audit", timestamp=NOW))
    assert (seen.rejected, seen.gaps, len(seen.halts), seen.readings) == (1, 1, 1, 0)


def test_the_rate_of_nothing_is_nothing() -> None:
    assert Intake(messages=0, events=0, event_time=None, seconds=0).rate == 0
    assert Intake(messages=5, events=50, event_time=NOW, seconds=2).rate == 25


def test_only_what_does_not_run_is_unwell() -> None:
    processes = (ProcessState("market", "running", 2), ProcessState("audit", "restarting", 1))
    moment = Moment(Intake(0, 0, None, 0), Seen(), 0, processes)
    assert [process.name for process in moment.unwell()] == ["audit"]
