"""Emissions of every kind that sinks meet, numbered so that a test can tell them apart."""

from datetime import UTC, datetime, timedelta

from mts1b_operations.events.contracts.actions import ActionRequest
from mts1b_operations.events.contracts.alerts import Alert, AlertState, Evidence, Reading
from mts1b_operations.events.contracts.audit import Gap, Rejected
from mts1b_operations.events.contracts.halts import HaltRequest
from mts1b_operations.events.envelope import Emission, identified
from mts1b_operations.events.fields import EventModel

START = datetime(2026, 3, 2, 14, 30, tzinfo=UTC)


def moment(number: int) -> datetime:
    return START + timedelta(seconds=number)


def emitted(event: EventModel, *identity: object) -> Emission:
    return identified(event, START, "flow/test", *identity)


def reading(number: int, value: float | None = 0.25, key: str = "AAPL") -> Emission:
    event = Reading(
        watchdog="vpin",
        key=key,
        timestamp=moment(number),
        value=value,
        threshold=0.4,
        state="unknown" if value is None else "ok",
        rule="level",
        rule_version="1",
        detail={"bucket": number},
    )
    return emitted(event, key, number)


def alert(number: int, key: str = "AAPL", state: AlertState = "firing") -> Emission:
    event = Alert(
        alert_id=f"{number:08d}-alert",
        watchdog="vpin",
        key=key,
        fund_id="alpha",
        severity="critical",
        state=state,
        value=0.52,
        threshold=0.4,
        timestamp=moment(number),
        since=moment(number - 60),
        rule="level",
        rule_version="1",
        evidence=Evidence(
            stream="MTS_MARKETDATA",
            first_seq=1,
            last_seq=number,
            window_end=moment(number),
            method="bulk volume",
        ),
    )
    return emitted(event, key, number, state)


def action(number: int) -> Emission:
    event = ActionRequest(
        action_id=f"action-{number}",
        action="throttle",
        symbol="AAPL",
        parameters={"participation": 0.05},
        reason="VPIN above 0.4",
        alert_id=f"{number:08d}-alert",
        timestamp=moment(number),
        expires=moment(number + 600),
    )
    return emitted(event, number)


def halt(number: int) -> Emission:
    event = HaltRequest(
        halt_id=f"halt-{number}",
        level="FUND_HALT",
        scope_id="alpha",
        reason="daily loss 3.1% above 3%",
        requested_by="portfolio_vol_dd",
        timestamp=moment(number),
        alert_id=f"{number:08d}-alert",
        origin="watchdog",
    )
    return emitted(event, number)


def rejected(number: int) -> Emission:
    event = Rejected(
        source="flow/test",
        subject="mts.v1.marketdata.trade.AAPL",
        reason="price: Input should be greater than 0",
        stream="MTS_MARKETDATA",
        sequence=number,
        payload_base64="e30=",
    )
    return emitted(event, number)


def gap(number: int) -> Emission:
    event = Gap(
        source="flow/test",
        stream="MTS_MARKETDATA",
        partition="0",
        reason="purged",
        expected_sequence=number,
        found_sequence=number + 10,
    )
    return emitted(event, number)
