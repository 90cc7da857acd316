from datetime import UTC, datetime, timedelta

import pytest

from mts1b_operations.events.contracts.alerts import Alert
from mts1b_operations.events.contracts.halts import HaltRequest
from mts1b_operations.events.envelope import Emission, Provenance, identified
from mts1b_operations.operators.stale import refuse_stale_halts

pytestmark = pytest.mark.unit

THEN = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
OLDEST = timedelta(minutes=5)


def halt(level: str = "FUND_HALT", scope: str | None = "alpha") -> Emission:
    request = HaltRequest.model_validate(
        {
            "halt_id": "h1",
            "level": level,
            "scope_id": scope,
            "reason": "loss",
            "requested_by": "portfolio_vol_dd",
            "timestamp": THEN,
            "origin": "watchdog",
        }
    )
    return identified(request, THEN, "portfolio", "h1")


def arriving(after: timedelta | None) -> Provenance:
    return Provenance("MTS_EVENTS", 7, THEN + after if after is not None else None)


@pytest.mark.parametrize("after", [timedelta(0), OLDEST, -OLDEST, None])
def test_a_halt_about_the_present_is_requested(after: timedelta | None) -> None:
    assert refuse_stale_halts([halt()], arriving(after), OLDEST) == [halt()]


def test_every_halt_is_kept_where_age_does_not_matter() -> None:
    assert refuse_stale_halts([halt()], arriving(timedelta(days=9)), None) == [halt()]


def test_a_halt_about_the_past_is_an_alert_with_its_evidence() -> None:
    [emission] = refuse_stale_halts([halt()], arriving(OLDEST + timedelta(seconds=1)), OLDEST)
    alert = emission.event
    assert isinstance(alert, Alert)
    assert emission.subject == "mts.v1.operations.alert.portfolio_vol_dd"
    assert (alert.severity, alert.state, alert.key) == ("critical", "firing", "alpha")
    assert alert.reason is not None
    assert "FUND_HALT not requested" in alert.reason
    assert alert.reason.endswith("loss")
    assert (alert.evidence.stream, alert.evidence.first_seq) == ("MTS_EVENTS", 7)


def test_a_stale_halt_of_the_firm_has_a_key() -> None:
    [emission] = refuse_stale_halts([halt("FIRM_HALT", None)], arriving(timedelta(days=1)), OLDEST)
    assert isinstance(emission.event, Alert)
    assert emission.event.key == "firm"


def test_the_alert_has_the_same_id_whenever_it_is_made() -> None:
    made = [
        refuse_stale_halts([halt()], arriving(timedelta(days=days)), OLDEST)[0] for days in (1, 2)
    ]
    assert made[0].event_id == made[1].event_id != halt().event_id


def test_other_emissions_pass_in_order() -> None:
    late = arriving(timedelta(days=1))
    [alert] = refuse_stale_halts([halt()], late, OLDEST)
    assert refuse_stale_halts([alert, alert], late, OLDEST) == [alert, alert]
