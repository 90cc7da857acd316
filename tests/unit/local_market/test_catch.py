"""What the demo promises: over many seeds each fault is caught, and nothing else alarms."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from mts1b_operations.cli.views.facts import Seen
from mts1b_operations.cli.views.marks import Marks, mark
from mts1b_operations.events.contracts.alerts import Reading
from mts1b_operations.events.envelope import Emission, Provenance
from mts1b_operations.local.market.scenario import Scenario, simulate
from mts1b_operations.settings.tree import SettingsTree
from mts1b_operations.watchdogs.judging.watch import KeyWatch
from mts1b_operations.watchdogs.registry import WATCHDOGS, AnyWatchdog

pytestmark = pytest.mark.unit

END = datetime(2026, 3, 2, 22, tzinfo=UTC)
QUIET_VPIN = 0.35


def _said(scenario: Scenario) -> Iterator[Emission]:
    """Give all that the watchdogs say of a scenario, without engine or broker."""
    tree = SettingsTree.model_validate(scenario.settings)
    watches: dict[tuple[str, str], KeyWatch[object, object]] = {}
    for number, emission in enumerate(scenario.emissions):
        for watchdog in WATCHDOGS.values():
            if isinstance(emission.event, watchdog.consumes):
                place = (watchdog.name, watchdog.route(emission.event))
                watch = watches.setdefault(place, _watch(watchdog, tree, place[1]))
                yield from watch.observe(emission.event, Provenance("file", number))


def _watch(watchdog: AnyWatchdog, tree: SettingsTree, key: str) -> KeyWatch[object, object]:
    return KeyWatch(watchdog, watchdog.settle(tree, key), key)


def _marked(scenario: Scenario) -> tuple[Marks, list[Reading]]:
    seen, readings = Seen(), []
    for emission in _said(scenario):
        seen.saw(emission.event)
        if isinstance(emission.event, Reading):
            readings.append(emission.event)
    return mark(seen.fired, seen.halts.values(), scenario.episodes), readings


def _check(seed: int) -> None:
    scenario = simulate(seed, END)
    marks, readings = _marked(scenario)
    caught = {one.episode.name: one.delay is not None for one in marks.marks}
    assert caught == {"toxic flow": True, "volatility break": True, "daily loss": True}
    assert marks.false_alarms == ()
    assert marks.false_halts == ()
    loss = marks.marks[2].halt
    assert loss is not None
    assert (loss.level, loss.scope_id) == ("FUND_HALT", "beta")
    toxic = scenario.episodes[0]
    quiet = [one.value for one in readings if one.watchdog == "vpin" and one.key != toxic.key]
    assert max(value for value in quiet if value is not None) < QUIET_VPIN


@pytest.mark.parametrize("seed", range(3))
def test_every_fault_is_caught_and_nothing_else_alarms(seed: int) -> None:
    _check(seed)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3, 30))
def test_every_fault_is_caught_over_many_seeds(seed: int) -> None:
    _check(seed)


def test_without_faults_the_marks_would_say_so() -> None:
    """The control: the same watchdogs with limits out of reach catch nothing."""
    scenario = simulate(0, END)
    scenario.settings["watchdogs"] |= {
        "portfolio_vol_dd": {"volatility_ratio": 100, "daily_loss_halt_pct": 1.0}
    }
    scenario.settings["watchdogs"]["vpin"] |= {"threshold": 1.0}
    marks, _ = _marked(scenario)
    assert [one.alert for one in marks.marks] == [None, None, None]
