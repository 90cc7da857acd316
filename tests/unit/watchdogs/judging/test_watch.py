import json

import pytest

from mts1b_operations.events.contracts.alerts import Alert, Reading
from mts1b_operations.events.contracts.halts import HaltRequest
from mts1b_operations.events.contracts.portfolio import NavTick
from mts1b_operations.watchdogs.judging.watch import SnapshotError
from tests.unit.watchdogs.scenes import Watch, alerts, feed, nav, readings, told, watch

pytestmark = pytest.mark.unit

LOSS = {"daily_loss_halt_pct": 0.02}
FALL = [nav(0, 100), nav(1, 97), nav(1.1, 97), nav(1.2, 97)]


def fund(**settings: object) -> Watch:
    return watch("portfolio_vol_dd", "alpha", {**LOSS, **settings})


def test_what_belongs_together_says_so() -> None:
    emissions = feed(fund(), FALL)

    (alert,) = told(emissions, Alert)
    (halt,) = told(emissions, HaltRequest)
    assert halt.alert_id == alert.alert_id
    assert (halt.origin, halt.requested_by) == ("watchdog", "portfolio_vol_dd")
    assert halt.timestamp == FALL[3].timestamp
    assert alert.since == alert.timestamp == FALL[1].timestamp
    assert (alert.evidence.stream, alert.evidence.first_seq, alert.evidence.last_seq) == ("S", 2, 2)
    assert {one.source for one in emissions} == {"watchdogs/portfolio_vol_dd"}


def test_an_alert_keeps_its_id_and_every_emission_has_its_own() -> None:
    emissions = feed(fund(), [*FALL, nav(2, 97), nav(3, 90)])

    first, resolved, second = told(emissions, Alert)
    assert first.alert_id == resolved.alert_id != second.alert_id
    assert [first.state, resolved.state, second.state] == ["firing", "resolved", "firing"]
    assert resolved.peak == pytest.approx(0.03)
    assert len({one.event_id for one in emissions}) == len(emissions)


def test_the_same_facts_have_the_same_ids() -> None:
    assert [one.event_id for one in feed(fund(), FALL)] == [
        one.event_id for one in feed(fund(), FALL)
    ]


def test_ids_do_not_follow_values() -> None:
    other = [nav(0, 100), nav(1, 96.5), nav(1.1, 96), nav(1.2, 95)]

    assert [one.event_id for one in feed(fund(), FALL)] == [
        one.event_id for one in feed(fund(), other)
    ]


def test_another_threshold_is_another_version_of_the_rule() -> None:
    ours, theirs = feed(fund(), FALL), feed(fund(daily_loss_halt_pct=0.025), FALL)

    versions = {one.rule_version for one in readings([*ours, *theirs], "daily_loss")}
    assert len(versions) == 2
    assert all(version.startswith("1-") and len(version) == 10 for version in versions)
    assert told(ours, Alert)[0].alert_id != told(theirs, Alert)[0].alert_id


def test_severity_is_not_part_of_the_version() -> None:
    quiet = fund(severities={"daily_loss": "info"})

    assert [one.event_id for one in feed(quiet, FALL)] == [
        one.event_id for one in feed(fund(), FALL)
    ]


def test_an_alert_resolves_under_the_id_that_it_fired_with_though_settings_changed() -> None:
    before = fund()
    (fired,) = told(feed(before, FALL), Alert)
    after = fund(daily_loss_halt_pct=0.5)
    after.restore(before.snapshot())

    (resolved,) = told(feed(after, [nav(1.3, 97)]), Alert)

    assert (resolved.state, resolved.alert_id) == ("resolved", fired.alert_id)


def test_a_restart_neither_repeats_nor_forgets_what_was_asked_for() -> None:
    before = fund()
    feed(before, FALL)
    after = fund()
    after.restore(before.snapshot())

    more = feed(after, [nav(1.3, 97), nav(1.4, 90)])

    assert {type(one.event) for one in more} == {Reading}


def test_after_a_gap_nothing_is_known_but_what_fires_goes_on() -> None:
    watched = fund()
    feed(watched, FALL)
    watched.forget()

    later = feed(watched, [nav(1.3, 97), nav(1.35, 97), nav(2, 97)])

    states = [one.state for one in readings(later, "daily_loss")]
    assert states == ["unknown", "unknown", "ok"]
    assert alerts(later, "daily_loss") == [("resolved", "alpha")]
    assert told(later, HaltRequest) == []


def test_a_gap_takes_no_peak_away() -> None:
    watched = fund()
    feed(watched, [nav(0, 100), nav(1, 90)])
    watched.forget()

    (after,) = readings(feed(watched, [nav(2, 45)]), "drawdown")

    assert after.value == pytest.approx(-0.1)


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("schema", 99, "expected a snapshot with schema 1, found 99"),
        ("state_schema", 99, "expected a snapshot with state_schema 2, found 99"),
        ("watchdog", "vpin", "expected a snapshot with watchdog 'portfolio_vol_dd', found 'vpin'"),
        ("key", "beta", "expected a snapshot with key 'alpha', found 'beta'"),
        ("state", 3, "found a damaged one"),
    ],
)
def test_a_snapshot_of_something_else_is_refused(field: str, value: object, said: str) -> None:
    document = json.loads(fund().snapshot())
    document[field] = value

    with pytest.raises(SnapshotError, match=said):
        fund().restore(json.dumps(document).encode())


@pytest.mark.parametrize("snapshot", [b"", b"{}", b"[]", b"\xff"])
def test_a_damaged_snapshot_is_refused(snapshot: bytes) -> None:
    with pytest.raises(SnapshotError):
        fund().restore(snapshot)


def test_what_is_published_is_a_contract() -> None:
    for one in feed(fund(), FALL):
        type(one.event).model_validate_json(one.payload())

    assert told(feed(fund(), FALL), Reading)
    assert not told(feed(fund(), FALL), NavTick)


def test_readings_after_a_discarded_state_have_ids_of_their_own() -> None:
    """A key that was silent for long starts anew, and counts its readings from the start again."""
    before, after = feed(fund(), [nav(0, 100)]), feed(fund(), [nav(30, 100)])

    assert {one.event_id for one in before}.isdisjoint(one.event_id for one in after)
