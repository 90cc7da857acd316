import pytest
from hypothesis import given
from hypothesis import strategies as st

from mts1b_operations.events.envelope import LostRange, RawBatch
from mts1b_operations.operators.split import market_part, other_part
from tests.unit.operators.batches import ARRIVAL_NS, NAV, TRADE, batch

pytestmark = pytest.mark.unit


@given(st.lists(st.tuples(st.sampled_from([NAV, TRADE, ""]), st.booleans()), max_size=12))
def test_every_message_is_in_one_part_with_its_fault(messages: list[tuple[str, bool]]) -> None:
    raw = batch([(subject, number) for number, (subject, _) in enumerate(messages)])
    raw.faults.update({n: f"fault {n}" for n, (_, broken) in enumerate(messages) if broken})
    market, other = list(market_part(raw).messages()), list(other_part(raw).messages())
    assert sorted([*market, *other], key=lambda one: one.sequence) == list(raw.messages())
    assert all(one.subject == TRADE for one in market)
    assert all(one.subject != TRADE for one in other)
    assert [one.sequence for one in market] == sorted(one.sequence for one in market)


def test_word_of_a_loss_is_in_both_parts() -> None:
    raw = RawBatch("S", "3", lost=LostRange("purged", 1, 2), noticed_ns=ARRIVAL_NS)
    assert market_part(raw) == other_part(raw) == raw
