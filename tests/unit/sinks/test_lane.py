import logging
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mts1b_operations.sinks.delivery.backoff import Backoff
from mts1b_operations.sinks.delivery.lane import Lane
from mts1b_operations.sinks.delivery.outbox import DeliveryError, Message, Outbox, Parcel

pytestmark = pytest.mark.unit

TIMEOUT = 5.0


def lane_with(count: int, outbox: Outbox | None = None) -> tuple[Lane, list[Parcel]]:
    outbox = outbox or Outbox(patience=0.0)
    parcels = outbox.put([Message(f"s.{n}", "S", b"", {}) for n in range(count)])
    lane = Lane("S", TIMEOUT, Backoff(0.1, 5.0, lambda: 1.0))
    for parcel in parcels:
        lane.add(parcel)
    return lane, parcels


def test_a_flowing_lane_sends_in_order_up_to_the_limit() -> None:
    lane, parcels = lane_with(5)
    assert lane.due(0.0, limit=3) == parcels[:3]
    assert lane.due(0.0, limit=3) == parcels[3:]
    assert lane.due(0.0) == []


def test_a_refusal_stalls_and_the_oldest_probes_alone() -> None:
    lane, parcels = lane_with(3)
    lane.due(0.0)
    for parcel in reversed(parcels):
        lane.refused(parcel, "maximum bytes exceeded", 0.0, full=True)
    assert lane.due(0.0) == []
    assert lane.due(0.2) == parcels[:1]
    assert lane.due(9.0) == []


def test_the_delay_between_probes_grows() -> None:
    lane, (parcel, _) = lane_with(2)
    lane.due(0.0)
    lane.refused(parcel, "full", 0.0)
    assert lane.due(0.11) == [parcel]
    lane.refused(parcel, "full", 0.11)
    assert lane.due(0.11 + 0.09) == []
    assert lane.due(0.11 + 0.21) == [parcel]


def test_the_first_acknowledgement_sets_everything_free(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    lane, parcels = lane_with(3)
    lane.due(0.0)
    for parcel in parcels:
        lane.refused(parcel, "full", 0.0)
    (probe,) = lane.due(1.0)
    lane.acknowledged(probe, 2.5)
    assert lane.due(2.5) == parcels[1:]
    assert [record.getMessage() for record in caplog.records] == [
        "S: delivery stalled: full; trying again",
        "S: delivery resumed after 2.5 s",
    ]


def test_without_an_answer_a_parcel_is_sent_again() -> None:
    lane, parcels = lane_with(2)
    lane.due(0.0)
    lane.expire(TIMEOUT)
    assert lane.due(TIMEOUT) == []
    lane.expire(TIMEOUT + 0.1)
    assert lane.due(TIMEOUT + 0.3) == parcels[:1]


def test_a_lost_connection_sends_everything_again_at_once() -> None:
    lane, parcels = lane_with(3)
    lane.due(0.0, limit=2)
    lane.disconnected("gone")
    assert lane.due(0.1) == parcels


def test_a_late_acknowledgement_prevents_the_repeat() -> None:
    lane, parcels = lane_with(2)
    lane.due(0.0)
    lane.disconnected("gone")
    lane.acknowledged(parcels[0], 0.1)
    assert lane.due(0.2) == parcels[1:]


def test_a_lane_that_lost_its_probe_with_the_connection_probes_again() -> None:
    lane, parcels = lane_with(2)
    lane.due(0.0)
    lane.refused(parcels[0], "full", 0.0)
    lane.refused(parcels[1], "full", 0.0)
    lane.due(1.0)
    lane.disconnected("gone")
    assert lane.due(1.1) == parcels[:1]


def test_the_reason_of_a_lost_connection_reaches_those_who_wait() -> None:
    outbox = Outbox(patience=0.0)
    lane, _ = lane_with(1, outbox)
    lane.disconnected("no NATS at nats://x")
    with pytest.raises(DeliveryError, match="no NATS at nats://x"):
        outbox.wait_acknowledged()


DEEDS: dict[str, Callable[[Lane, list[Parcel], float], None]] = {
    "stored": lambda lane, flying, now: lane.acknowledged(flying.pop(0), now),
    "refused": lambda lane, flying, now: lane.refused(flying.pop(0), "no", now),
    "full": lambda lane, flying, now: lane.refused(flying.pop(), "full", now, full=True),
}


@given(st.lists(st.sampled_from(["stored", "refused", "full", "lost", "silence"]), max_size=50))
def test_no_sequence_of_faults_loses_a_parcel(deeds: list[str]) -> None:
    outbox = Outbox(patience=0.0)
    lane, parcels = lane_with(8, outbox)
    now = 0.0
    flying: list[Parcel] = []
    for deed in deeds:
        now += 6.0
        flying += lane.due(now, limit=3)
        if deed == "lost":
            lane.disconnected("gone")
            flying.clear()
        elif deed == "silence":
            now += TIMEOUT + 1
            lane.expire(now)
            flying.clear()
        elif flying:
            DEEDS[deed](lane, flying, now)
    _acknowledge_everything(lane, flying, now)
    assert all(parcel.settled for parcel in parcels)
    outbox.wait_empty()


def _acknowledge_everything(lane: Lane, flying: list[Parcel], now: float) -> None:
    for _ in range(20):
        now += 6.0
        for parcel in flying or lane.due(now):
            lane.acknowledged(parcel, now)
        flying = []
