"""The shard: its state survives a restart anywhere, a loss clears it, and it is bounded."""

import json
import logging
from datetime import UTC, datetime
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mts1b_operations.events.columns import MarketBatch, MarketColumns
from mts1b_operations.events.contracts.alerts import Reading
from mts1b_operations.events.contracts.portfolio import NavTick
from mts1b_operations.events.decode import decode
from mts1b_operations.events.envelope import Emission, LostRange, Provenance, RawMessage
from mts1b_operations.events.fields import JsonObject
from mts1b_operations.flows.house import House
from mts1b_operations.operators.decode import Observation, ShardItem
from mts1b_operations.operators.market import MarketFeed
from mts1b_operations.operators.watch import (
    SNAPSHOT_SCHEMA,
    Shard,
    ShardOptions,
    ShardSnapshotError,
    no_columns,
)
from mts1b_operations.settings.tree import SettingsTree
from mts1b_operations.watchdogs.judging.market import MarketWatchdog
from mts1b_operations.watchdogs.judging.watch import SnapshotError
from tests.trades import trade_lines
from tests.unit.operators.batches import ARRIVAL_NS

pytestmark = pytest.mark.unit

FIRM: dict[str, JsonObject] = {
    "vpin": {"bucket_volume": 300, "window": 4, "session": None, "sigma": 0.05},
    "portfolio_vol_dd": {"drawdown_limit": 0.1},
}
HOUSE = House(tree=SettingsTree(watchdogs=FIRM), options=ShardOptions(oldest_halt=None))
FEED = MarketFeed([one for one in HOUSE.running() if isinstance(one, MarketWatchdog)])
LOST = LostRange("purged", 5, 9)


def shard(snapshot: bytes | None = None, **options: int) -> Shard:
    return Shard(HOUSE.watch, FEED, ShardOptions(oldest_halt=None, **options), snapshot)


def market(first: int, last: int) -> MarketBatch:
    """Give the trades with these numbers as one batch."""
    columns = MarketColumns("S")
    lines = list(trade_lines(LENGTH))
    for number in range(first, last):
        subject, payload = lines[number]
        [event] = decode(RawMessage(subject, payload, number + 1, ARRIVAL_NS)).events
        columns.add(event, number + 1)
    return columns.finish()


def nav(day: int, amount: int, fund: str = "alpha") -> Observation:
    moment = datetime(2026, 3, day, 21, tzinfo=UTC)
    tick = NavTick.model_validate({"fund_id": fund, "timestamp": moment, "nav": str(amount)})
    return Observation("portfolio_vol_dd", fund, tick, Provenance("S", day, moment))


LENGTH = 400
CUTS = tuple(range(0, LENGTH + 1, 50))
ITEMS: tuple[ShardItem, ...] = (
    *(market(first, last) for first, last in pairwise(CUTS[:4])),
    [nav(1, 100), nav(2, 101), nav(1, 100, "beta")],
    LOST,
    *(market(first, last) for first, last in pairwise(CUTS[3:])),
    [nav(3, 100), nav(4, 80), nav(5, 79)],
    [nav(6, 78), nav(7, 101)],
)


def said(one: Shard, items: list[ShardItem]) -> list[Emission]:
    return list(one.on_batch(items)[0])


def undisturbed() -> list[Emission]:
    one = shard()
    return [emission for item in ITEMS for emission in said(one, [item])]


def states(emissions: list[Emission]) -> set[str]:
    return {one.event.state for one in emissions if isinstance(one.event, Reading)}


@pytest.mark.parametrize("cut", range(len(ITEMS) + 1))
def test_a_restart_at_any_cut_changes_nothing(cut: int) -> None:
    before = shard()
    first = [emission for item in ITEMS[:cut] for emission in said(before, [item])]
    after = shard(before.snapshot())
    rest = [emission for item in ITEMS[cut:] for emission in said(after, [item])]
    assert [*first, *rest] == undisturbed()


@given(st.lists(st.integers(0, len(ITEMS)), max_size=4))
@settings(max_examples=25, deadline=None)
def test_neither_batches_nor_restarts_are_seen_outside(cuts: list[int]) -> None:
    """Several items at once, snapshots taken and thrown away, restarts from each."""
    bounds = sorted({0, *cuts, len(ITEMS)})
    one, found = shard(), list[Emission]()
    for start, end in pairwise(bounds):
        found += said(one, list(ITEMS[start:end]))
        one.snapshot()
        one = shard(one.snapshot())
    assert found == undisturbed()


def test_what_was_said_is_worth_the_comparison() -> None:
    kinds = {type(one.event).__name__ for one in undisturbed()}
    assert {"Reading", "Alert", "HaltRequest"} <= kinds
    assert {"unknown", "ok"} <= states(undisturbed())


def test_a_snapshot_is_the_same_whether_written_in_one_go_or_in_steps() -> None:
    whole, stepwise = shard(), shard()
    said(whole, list(ITEMS))
    for item in ITEMS:
        said(stepwise, [item])
        stepwise.snapshot()
    assert whole.snapshot() == stepwise.snapshot()


def test_a_restored_shard_writes_the_snapshot_that_it_was_given() -> None:
    one = shard()
    said(one, list(ITEMS))
    assert shard(one.snapshot()).snapshot() == one.snapshot()


def known(emissions: list[Emission]) -> list[bool]:
    readings = (one.event for one in emissions if isinstance(one.event, Reading))
    return [one.state != "unknown" for one in readings]


def test_a_loss_sends_every_key_back_to_unknown() -> None:
    one = shard()
    assert any(known(said(one, [market(0, LENGTH)])))
    said(one, [LOST])
    after = said(one, [market(0, LENGTH)])
    first: dict[str, Reading] = {}
    for reading in (one.event for one in after if isinstance(one.event, Reading)):
        first.setdefault(reading.key, reading)
    assert len(first) == 6
    assert all(reading.state == "unknown" for reading in first.values())


def test_control_without_a_loss_keys_stay_known() -> None:
    one = shard()
    said(one, [market(0, LENGTH)])
    assert all(known(said(one, [market(0, LENGTH)])))


def test_a_loss_is_in_the_next_snapshot() -> None:
    """Else a crash right after a loss would bring back the window that it cleared."""
    one = shard()
    said(one, [market(0, LENGTH)])
    before = one.snapshot()
    said(one, [LOST])
    assert one.snapshot() != before


def funds(one: Shard) -> list[str]:
    return [key for _, key, _ in json.loads(one.snapshot())["watches"]]


def test_the_key_that_was_silent_longest_makes_room(caplog: pytest.LogCaptureFixture) -> None:
    one = shard(max_keys=2)
    said(one, [[nav(1, 100, "a"), nav(1, 100, "b")]])
    said(one, [[nav(2, 100, "a")]])
    with caplog.at_level(logging.WARNING):
        said(one, [[nav(2, 100, "c")]])
    assert funds(one) == ["a", "c"]
    assert "discarded ('portfolio_vol_dd', 'b')" in caplog.text


def test_the_bound_holds_across_a_restart() -> None:
    one = shard(max_keys=2)
    said(one, [[nav(1, 100, "a"), nav(1, 100, "b"), nav(2, 100, "a")]])
    again = shard(one.snapshot(), max_keys=2)
    said(again, [[nav(2, 100, "c")]])
    assert funds(again) == ["a", "c"]


def test_a_discarded_key_that_comes_back_begins_anew() -> None:
    one = shard(max_keys=1)
    said(one, [[nav(1, 100, "a")], [nav(1, 100, "b")]])
    readings = [out.event for out in said(one, [[nav(2, 50, "a")]])]
    assert all(not isinstance(event, Reading) or event.state != "breach" for event in readings)


@pytest.mark.parametrize(
    "snapshot",
    [
        b'{"schema_version": 99, "watches": []}',
        b'{"schema_version": 99, "shards": {}}',
        b"{}",
        b"\x80\x04N.",
    ],
)
def test_a_snapshot_of_another_version_is_refused(snapshot: bytes) -> None:
    with pytest.raises(ShardSnapshotError) as refused:
        shard(snapshot)
    assert f"expected a shard's snapshot of schema {SNAPSHOT_SCHEMA}" in str(refused.value)
    assert "start with an empty recovery directory" in str(refused.value)


def test_a_watch_of_another_version_is_refused() -> None:
    watches = [("vpin", "IBM", json.dumps({"schema": 99, "state": {}}))]
    snapshot = json.dumps({"schema_version": SNAPSHOT_SCHEMA, "watches": watches})
    with pytest.raises(SnapshotError):
        shard(snapshot.encode())


def test_a_flow_of_single_events_refuses_columns() -> None:
    one = Shard(HOUSE.watch, no_columns, HOUSE.options, None)
    with pytest.raises(TypeError, match="expected single observations"):
        one.on_batch([market(0, 10)])
