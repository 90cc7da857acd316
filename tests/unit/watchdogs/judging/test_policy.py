"""Time-lines of one rule. A value above 10 breaches, one of at most 5 clears; time in seconds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mts1b_operations.watchdogs.judging.measurement import Limit
from mts1b_operations.watchdogs.judging.policy import (
    Change,
    HaltPolicy,
    Policy,
    Standing,
    advance,
    interrupt,
)

pytestmark = pytest.mark.unit

LIMIT = Limit("rule", None, ">", 10, clear=5)
Timeline = list[tuple[float, float | None]]


def run(policy: Policy, timeline: Timeline) -> tuple[Standing, list[Change]]:
    standing = Standing()
    changes: list[Change] = []
    for seconds, value in timeline:
        step = advance(policy, standing, LIMIT, value, round(seconds * 1_000_000))
        standing = step.standing
        changes += step.changes
    return standing, changes


def kinds(policy: Policy, timeline: Timeline) -> list[str]:
    return [change.kind for change in run(policy, timeline)[1]]


def test_fires_at_once_and_resolves_below_the_clear_threshold() -> None:
    timeline: Timeline = [(0, 1), (1, 11), (2, 12), (3, 7), (4, 5)]

    standing, changes = run(Policy(), timeline)

    assert [(one.kind, one.episode, one.transition, one.peak) for one in changes] == [
        ("firing", 1_000_000, 1, 11),
        ("resolved", 1_000_000, 2, 12),
    ]
    assert standing.status == "resolved"


def test_waits_for_observations_and_for_time() -> None:
    policy = Policy(for_observations=3, for_seconds=10)

    assert kinds(policy, [(0, 11), (1, 11), (2, 11)]) == []
    assert kinds(policy, [(0, 11), (10, 11)]) == []
    assert kinds(policy, [(0, 11), (1, 11), (10, 11)]) == ["firing"]


def test_a_value_that_clears_ends_the_wait() -> None:
    assert kinds(Policy(for_observations=2), [(0, 11), (1, 4), (2, 11)]) == []


def test_repeats_of_a_moment_count_once() -> None:
    assert kinds(Policy(for_observations=2), [(0, 11), (0, 12), (0, 13)]) == []


def test_goes_on_firing_for_a_while() -> None:
    policy = Policy(keep_firing_for_seconds=10)

    assert kinds(policy, [(0, 11), (1, 4), (10, 4)]) == ["firing"]
    assert kinds(policy, [(0, 11), (1, 4), (11, 4)]) == ["firing", "resolved"]
    assert kinds(policy, [(0, 11), (1, 4), (5, 7), (11, 4)]) == ["firing"]


def test_unknown_neither_fires_nor_resolves() -> None:
    timeline: Timeline = [(0, None), (1, 11), (2, None), (3, None), (4, 4)]

    assert kinds(Policy(), timeline[:1]) == []
    assert kinds(Policy(), timeline[:4]) == ["firing"]
    assert kinds(Policy(), timeline) == ["firing", "resolved"]
    assert run(Policy(), [(0, 4), (1, None)])[0].status == "unknown"


@pytest.mark.parametrize("bad_ticks", [1, 2])
def test_a_few_bad_ticks_do_not_halt(bad_ticks: int) -> None:
    timeline: Timeline = [(n, 11) for n in range(bad_ticks)]

    assert kinds(HaltPolicy(), timeline) == ["firing"]
    assert kinds(HaltPolicy(), [*timeline, (9, 4), (10, 11)]) == ["firing", "resolved", "firing"]


def test_a_confirmed_breach_halts_once() -> None:
    timeline: Timeline = [(n, 11) for n in range(10)]

    assert kinds(HaltPolicy(), timeline) == ["firing", "halt"]
    assert kinds(HaltPolicy(), timeline[:3]) == ["firing", "halt"]


def test_the_same_print_again_confirms_nothing() -> None:
    assert kinds(HaltPolicy(), [(0, 11)] * 20) == ["firing"]


def test_old_confirmations_do_not_count() -> None:
    policy = HaltPolicy(confirmation_max_age_seconds=10)

    assert kinds(policy, [(0, 11), (6, 11), (12, 11)]) == ["firing"]
    assert kinds(policy, [(0, 11), (6, 11), (12, 11), (13, 11)]) == ["firing", "halt"]


def test_a_halt_does_not_wait_for_the_alert() -> None:
    policy = HaltPolicy(for_observations=100)

    assert kinds(policy, [(0, 11), (1, 11), (2, 11)]) == ["firing", "halt"]


def test_a_new_episode_may_halt_again() -> None:
    breach: Timeline = [(0, 11), (1, 11), (2, 11)]
    again: Timeline = [(10 + seconds, value) for seconds, value in breach]

    found = kinds(HaltPolicy(), [*breach, (5, 4), *again])

    assert found == ["firing", "halt", "resolved", "firing", "halt"]


def test_an_episode_within_the_same_microsecond_has_ids_of_its_own() -> None:
    _, changes = run(Policy(), [(1, 11), (1, 4), (1, 11)])

    assert len({(one.episode, one.transition) for one in changes}) == 3


def test_a_loss_of_input_leaves_unknown_but_silences_nothing() -> None:
    pending, _ = run(Policy(for_observations=3), [(0, 11), (1, 11)])
    firing, _ = run(HaltPolicy(), [(0, 11), (1, 11), (2, 11)])

    assert interrupt(pending).status == "unknown"
    assert interrupt(firing).status == "firing"
    assert interrupt(firing).halted


@given(
    timeline=st.lists(st.tuples(st.integers(0, 5), st.sampled_from([None, 4.0, 7.0, 11.0]))),
    policy=st.builds(
        HaltPolicy,
        for_observations=st.integers(1, 3),
        for_seconds=st.integers(0, 5),
        keep_firing_for_seconds=st.integers(0, 5),
        confirmations=st.integers(1, 4),
    ),
)
def test_alerts_and_halts_come_in_order(
    timeline: list[tuple[int, float | None]], policy: HaltPolicy
) -> None:
    moment, absolute = 0, []
    for step, value in timeline:
        moment += step
        absolute.append((float(moment), value))

    _, changes = run(policy, absolute)

    previous = "resolved"
    for change in changes:
        assert change.kind in {"resolved": {"firing"}, "halt": {"resolved"}}.get(
            previous, {"resolved", "halt"}
        )
        previous = change.kind
    assert len({(one.episode, one.transition) for one in changes}) == len(changes)
