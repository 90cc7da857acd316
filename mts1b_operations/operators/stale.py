"""A halt must not come out of a recording: a request that is about the past is an alert.

What is old is measured between two times that travel with the event, its own and the one at
which the stream stored it, so that catching up after an outage is not mistaken for a replay.
"""

from datetime import timedelta

from mts1b_operations.events.contracts.alerts import Alert, Evidence
from mts1b_operations.events.contracts.halts import HaltRequest
from mts1b_operations.events.envelope import Emission, Provenance, identified

_RULE = "stale_halt"


def refuse_stale_halts(
    emissions: list[Emission], provenance: Provenance, oldest: timedelta | None
) -> list[Emission]:
    """Turn halt requests older than `oldest` at their arrival into alerts; None: keep them all."""
    arrival = provenance.arrival
    if oldest is None or arrival is None:
        return emissions
    return [
        _as_alert(emission, emission.event, provenance, oldest)
        if isinstance(emission.event, HaltRequest) and arrival - emission.time > oldest
        else emission
        for emission in emissions
    ]


def _as_alert(
    emission: Emission, request: HaltRequest, provenance: Provenance, oldest: timedelta
) -> Emission:
    alert = Alert(
        alert_id=request.halt_id,
        watchdog=request.requested_by,
        key=request.scope_id or "firm",
        severity="critical",
        state="firing",
        value=None,
        threshold=None,
        timestamp=request.timestamp,
        since=request.timestamp,
        rule=_RULE,
        rule_version="1",
        reason=f"{request.level} not requested, the event is older than {oldest} at its arrival: "
        f"{request.reason}",
        evidence=Evidence(
            stream=provenance.stream,
            first_seq=provenance.sequence,
            last_seq=provenance.sequence,
            window_end=request.timestamp,
            method="event time against the stream's store time",
        ),
    )
    return identified(alert, emission.time, emission.source, _RULE, request.halt_id)
