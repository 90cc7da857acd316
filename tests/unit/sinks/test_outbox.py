import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mts1b_operations.sinks.delivery.outbox import DeliveryError, Message, Outbox

pytestmark = pytest.mark.unit


def message(stream: str = "S", number: int = 0) -> Message:
    return Message(f"subject.{number}", stream, b"{}", {})


def messages(count: int, stream: str = "S") -> list[Message]:
    return [message(stream, number) for number in range(count)]


def test_no_more_than_the_window_is_taken() -> None:
    outbox = Outbox(window=3)
    assert len(outbox.put(messages(5))) == 3


def test_a_full_window_of_one_stream_is_open_for_another() -> None:
    outbox = Outbox(window=1, patience=0.01)
    outbox.put(messages(1, "EVENTS"))
    assert outbox.put(messages(1, "HALTS"))
    with pytest.raises(DeliveryError, match="1 to EVENTS"):
        outbox.put(messages(1, "EVENTS"))


def test_waiting_ends_with_the_last_acknowledgement() -> None:
    outbox = Outbox(patience=5)
    first, second = outbox.put(messages(2))
    outbox.settle(first)
    timer = threading.Timer(0.02, outbox.settle, [second])
    timer.start()
    assert outbox.wait_acknowledged() == []
    assert second.settled
    timer.join()


def test_an_acknowledgement_twice_counts_once() -> None:
    outbox = Outbox(window=2, patience=0.01)
    first, _ = outbox.put(messages(2))
    outbox.settle(first)
    outbox.settle(first)
    assert len(outbox.put(messages(2))) == 1


def test_held_messages_are_not_waited_for_and_come_back_in_order() -> None:
    outbox = Outbox(window=3, patience=0.01)
    sent = messages(3)
    for parcel in outbox.put(sent):
        outbox.delay(parcel, "maximum bytes exceeded", full=True)
    assert outbox.wait_acknowledged() == sent
    with pytest.raises(DeliveryError, match="maximum bytes exceeded"):
        outbox.wait_empty()


def test_held_messages_leave_room_up_to_the_carry() -> None:
    outbox = Outbox(window=2, carry=3, patience=0.01)
    for _ in range(2):
        for parcel in outbox.put(messages(2)):
            outbox.delay(parcel, "full", full=True)
    with pytest.raises(DeliveryError, match="3 to S"):
        outbox.put(messages(1))


def test_patience_ends_with_what_is_missing_and_why() -> None:
    outbox = Outbox(patience=0.01)
    (parcel,) = outbox.put(messages(1))
    outbox.delay(parcel, "no NATS at nats://x", full=False)
    with pytest.raises(DeliveryError, match=r"1 to S \(no NATS at nats://x\)"):
        outbox.wait_acknowledged()


def test_a_failure_is_final() -> None:
    outbox = Outbox()
    outbox.fail(DeliveryError("first"))
    outbox.fail(DeliveryError("second"))
    for deed in (lambda: outbox.put(messages(1)), outbox.wait_acknowledged, outbox.wait_empty):
        with pytest.raises(DeliveryError, match="first"):
            deed()
    assert outbox.failed


@given(st.lists(st.sampled_from(["put", "settle", "hold"]), max_size=60))
def test_every_message_is_settled_held_or_under_way(deeds: list[str]) -> None:
    outbox = Outbox(window=1000, carry=1000, patience=0.0)
    open_parcels, held, total = [], [], 0
    for deed in deeds:
        if deed == "put":
            open_parcels += outbox.put([message(number=total)])
            total += 1
        elif open_parcels and deed == "settle":
            outbox.settle(open_parcels.pop(0))
        elif open_parcels:
            parcel = open_parcels.pop(0)
            outbox.delay(parcel, "full", full=True)
            held.append(parcel.message)
    if open_parcels:
        with pytest.raises(DeliveryError, match=f"{len(open_parcels) + len(held)} to S"):
            outbox.wait_acknowledged()
    else:
        assert outbox.wait_acknowledged() == held
