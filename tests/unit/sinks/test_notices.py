import pytest

from mts1b_operations.events.contracts.alerts import Alert
from mts1b_operations.sinks.chat.notices import notice_of
from tests.unit.sinks.samples import action, alert, gap, halt, reading, rejected

pytestmark = pytest.mark.unit


def test_an_alert_says_what_a_person_needs_at_night() -> None:
    notice = notice_of(alert(1).event)
    assert notice is not None
    assert notice.urgent
    assert notice.text.splitlines() == [
        "FIRING critical: vpin AAPL · fund alpha",
        "value 0.52 against threshold 0.4",
        "since 2026-03-02 14:29:01 UTC, at 2026-03-02 14:30:01 UTC",
        "rule level (version 1) · alert 00000001-ale",
        "to act: mts cmd halt",
    ]


def test_a_resolved_alert_asks_for_nothing() -> None:
    notice = notice_of(alert(1, state="resolved").event)
    assert notice is not None
    assert notice.text.startswith("RESOLVED")
    assert "mts cmd" not in notice.text


def test_a_halt_names_its_scope_and_how_to_resume() -> None:
    notice = notice_of(halt(7).event)
    assert notice is not None
    assert notice.urgent
    assert notice.text.splitlines()[0] == "FUND_HALT requested: alpha"
    assert "to resume: mts cmd resume halt-7" in notice.text
    assert "daily loss 3.1% above 3%" in notice.text


def test_what_is_unknown_is_not_written_as_a_number() -> None:
    event = alert(1).event.model_copy(update={"value": None, "severity": "warning"})
    notice = notice_of(event)
    assert notice is not None
    assert "value unknown against threshold 0.4" in notice.text
    assert not notice.urgent


def test_a_long_reason_is_cut_to_what_telegram_takes() -> None:
    event = alert(1).event
    assert isinstance(event, Alert)
    notice = notice_of(event.model_copy(update={"reason": "x" * 9000}))
    assert notice is not None
    assert len(notice.text) == 4000
    assert notice.text.endswith("…")


def test_people_are_told_of_nothing_else() -> None:
    others = (reading(1), action(1), rejected(1), gap(1))
    assert [notice_of(emission.event) for emission in others] == [None] * 4
