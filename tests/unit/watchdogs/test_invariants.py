"""What must hold for every watchdog, whatever comes in."""

from collections.abc import Sequence
from datetime import timedelta
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mts1b_operations.events.columns import to_nanoseconds
from mts1b_operations.events.contracts.alerts import Reading
from mts1b_operations.events.contracts.market import Trade
from mts1b_operations.events.envelope import Emission
from mts1b_operations.events.fields import EventModel
from mts1b_operations.settings.tree import SettingsTree
from mts1b_operations.watchdogs.judging.measurement import Measurement
from mts1b_operations.watchdogs.vpin import Vpin
from tests.unit.watchdogs.scenes import Watch, feed, nav, pnl, trade, tree, watch

pytestmark = pytest.mark.unit

FEW = settings(max_examples=40, deadline=None)

VPIN = {"bucket_volume": 3, "window": 2, "sigma_min_bars": 2, "rule": "cdf", "cdf_history": 20}
RISK = {"window": 3, "target_volatility": 0.1, "daily_loss_halt_pct": 0.02}

TRADES = st.lists(
    st.builds(
        trade,
        st.integers(0, 7200),
        st.floats(1, 1e6),
        st.one_of(st.integers(1, 9), st.floats(0.1, 30)),
    ),
    max_size=25,
).map(lambda trades: sorted(trades, key=lambda one: one.timestamp.replace(second=0)))

TICKS = st.lists(
    st.one_of(
        st.builds(nav, st.integers(0, 40).map(lambda n: n / 4), st.integers(-5, 200)),
        st.builds(
            nav,
            st.integers(0, 40).map(lambda n: n / 4),
            st.sampled_from(["1e139", "1e-139", "1e30", "100.25", "0"]),
            st.sampled_from([None, "10", "-10", "-1e139", "50"]),
        ),
        st.builds(
            pnl,
            st.integers(0, 40).map(lambda n: n / 4),
            st.sampled_from(["1", "-30", "1e139", "-2.5"]),
            st.sampled_from(["100", "0", "-1", "1e-139"]),
        ),
    ),
    max_size=30,
)


def vpin() -> Watch:
    return watch("vpin", "AAPL", VPIN, alpha={"rule": "level"})


def risk() -> Watch:
    return watch("portfolio_vol_dd", "alpha", RISK)


def said(emissions: Sequence[Emission]) -> list[tuple[str, bytes]]:
    return [(one.event_id, one.payload()) for one in emissions]


def interrupted(make: Watch, heir: Watch, events: Sequence[EventModel], at: int) -> list[Emission]:
    before = feed(make, events[:at])
    heir.restore(make.snapshot())
    return before + feed(heir, events[at:], at + 1)


@FEW
@given(events=TRADES, at=st.integers(0, 40))
def test_vpin_survives_a_restart_anywhere(events: list[Trade], at: int) -> None:
    assert said(interrupted(vpin(), vpin(), events, at)) == said(feed(vpin(), events))


@FEW
@given(events=TICKS, at=st.integers(0, 30))
def test_portfolio_risk_survives_a_restart_anywhere(events: list[EventModel], at: int) -> None:
    assert said(interrupted(risk(), risk(), events, at)) == said(feed(risk(), events))


@FEW
@given(events=st.one_of(TRADES, TICKS))
def test_every_emission_has_an_id_of_its_own_and_every_unknown_a_reason(
    events: list[EventModel],
) -> None:
    emissions = feed(vpin() if all(isinstance(e, Trade) for e in events) else risk(), events)

    assert len({one.event_id for one in emissions}) == len(emissions)
    for one in emissions:
        if isinstance(one.event, Reading) and one.event.state == "unknown":
            assert one.event.detail["reason"]


@FEW
@given(events=TICKS)
def test_a_print_that_comes_twice_changes_nothing(events: list[EventModel]) -> None:
    once, twice = risk(), risk()

    doubled = [one for event in events for one in (event, event)]

    first = [(one.event_id, one.event) for one in feed(once, events)]
    second = [(one.event_id, one.event) for one in feed(twice, doubled)]
    assert [event_id for event_id, _ in first] == [event_id for event_id, _ in second]


@FEW
@given(events=TRADES, cuts=st.sets(st.integers(0, 40)))
def test_it_does_not_matter_where_batches_are_cut(events: list[Trade], cuts: set[int]) -> None:
    edges = [0, *sorted(cut for cut in cuts if cut < len(events)), len(events)]
    parts = [events[start:end] for start, end in pairwise(edges)]

    one_by_one = measured([[event] for event in events])

    assert measured(parts) == one_by_one == measured([events])


def measured(parts: Sequence[Sequence[Trade]]) -> list[Measurement]:
    watchdog, found, sequence = Vpin(), list[Measurement](), 0
    settings, state = watchdog.settle(_tree(), "AAPL"), watchdog.begin("AAPL")
    for part in parts:
        found += watchdog.observe_trades(
            settings,
            state,
            "S",
            np.array([to_nanoseconds(one.timestamp) for one in part], dtype=np.int64),
            np.array([one.price for one in part]),
            np.array([one.size for one in part]),
            np.arange(sequence, sequence + len(part)),
        )
        sequence += len(part)
    return found


def _tree() -> SettingsTree:
    return tree("vpin", VPIN)


@FEW
@given(ours=TICKS, theirs=TICKS)
def test_other_keys_do_not_matter(ours: list[EventModel], theirs: list[EventModel]) -> None:
    alone, beside, other = risk(), risk(), watch("portfolio_vol_dd", "beta", RISK)

    mixed: list[Emission] = []
    for number, event in enumerate(ours, 1):
        feed(other, theirs[number - 1 : number])
        mixed += feed(beside, [event], number)

    assert said(mixed) == said(feed(alone, ours))


@FEW
@given(events=TRADES, lag=st.integers(0, 3))
def test_a_gap_is_followed_by_unknown_until_the_window_is_full(
    events: list[Trade], lag: int
) -> None:
    watched = vpin()
    feed(watched, events)
    watched.forget()
    last = max((one.timestamp for one in events), default=trade(0, 1).timestamp)
    later = [
        one.model_copy(update={"timestamp": last + timedelta(minutes=minute + lag)})
        for minute, one in enumerate(trade(0, 10, 3) for _ in range(5))
    ]

    states = [one.event.state for one in feed(watched, later) if isinstance(one.event, Reading)]

    assert states[:1] == ["unknown"]
