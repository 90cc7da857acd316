"""What an eleventh watchdog takes: one file such as this, and a line in the registry.

A made-up one, of the spread of a quote. All that is beside its own number (alerts, ids, policy,
snapshots, gaps) comes with `KeyWatch`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast

import pytest
from pydantic import Field

from mts1b_operations.events.contracts.actions import ActionRequest
from mts1b_operations.events.contracts.alerts import Alert
from mts1b_operations.events.contracts.market import Quote
from mts1b_operations.events.envelope import Provenance
from mts1b_operations.events.fields import EventModel
from mts1b_operations.settings.per_fund import check_funds, fund_settings
from mts1b_operations.settings.tree import SettingsError, SettingsModel, SettingsTree
from mts1b_operations.stats.moments import Moments
from mts1b_operations.watchdogs.judging.evidence import evidence_since
from mts1b_operations.watchdogs.judging.measurement import Limit, Measurement
from mts1b_operations.watchdogs.judging.policy import Policy
from mts1b_operations.watchdogs.judging.watch import KeyWatch
from mts1b_operations.watchdogs.judging.watchdog import Action, Terms, Watchdog, rule_version
from mts1b_operations.watchdogs.registry import AnyWatchdog
from tests.unit.watchdogs.scenes import START, Watch, alerts, feed, readings, told, tree

pytestmark = pytest.mark.unit


class SpreadSettings(SettingsModel):
    """How many times its mean so far a spread may be, after `history` quotes."""

    ratio: float = Field(default=3.0, gt=1)
    history: int = Field(default=3, ge=1)
    policy: Policy = Policy()
    cooldown_seconds: float = Field(default=300, gt=0)


@dataclass(slots=True)
class SpreadState:
    """The spreads of a symbol's quotes so far."""

    key: str
    spreads: Moments
    quotes: int = 0


class Spread(Watchdog[SpreadSettings, SpreadState]):
    """One reading a quote: its spread as a multiple of the mean of those before."""

    name = "spread"
    consumes = (Quote,)
    state_type = SpreadState

    def observe(
        self,
        settings: SpreadSettings,
        state: SpreadState,
        event: EventModel,
        provenance: Provenance,
    ) -> list[Measurement]:
        assert isinstance(event, Quote)
        known = state.quotes >= settings.history
        value = (event.ask - event.bid) / state.spreads.mean if known else None
        measurement = _measured(settings, state, event.timestamp, value, provenance)
        state.spreads.add(event.ask - event.bid)
        state.quotes += 1
        return [measurement]

    def settle(self, tree: SettingsTree, key: str) -> SpreadSettings:
        return fund_settings(SpreadSettings, tree, self.name, key)

    def check(self, tree: SettingsTree) -> None:
        check_funds(SpreadSettings, tree, self.name)

    def begin(self, key: str) -> SpreadState:
        return SpreadState(key, Moments())

    def route(self, event: EventModel) -> str:
        assert isinstance(event, Quote)
        return event.symbol

    def terms(self, settings: SpreadSettings, limit: Limit) -> Terms:
        version = rule_version("1", limit.rule, settings.model_dump())
        return Terms(settings.policy, "warning", version)

    def actions(
        self,
        settings: SpreadSettings,
        state: SpreadState,
        measurement: Measurement,
        limit: Limit,
    ) -> Sequence[Action]:
        lasts = timedelta(seconds=settings.cooldown_seconds)
        reason = f"spread at {measurement.value} of its mean, limit {limit.threshold}"
        return [Action("cooldown", {}, reason, lasts, symbol=state.key)]

    def forget(self, state: SpreadState) -> None:
        state.spreads, state.quotes = Moments(), 0


def _measured(
    settings: SpreadSettings,
    state: SpreadState,
    moment: datetime,
    value: float | None,
    provenance: Provenance,
) -> Measurement:
    last, method = provenance.sequence, "spread over the mean of those before"
    return Measurement(
        key=state.key,
        timestamp=moment,
        number=state.quotes,
        value=value,
        limits=(Limit("ratio", None, ">", settings.ratio),),
        evidence=evidence_since(None, provenance.stream, last, moment, method),
        reason=f"{state.quotes} of {settings.history} quotes" if value is None else None,
    )


def spread(**settings: object) -> Watch:
    watchdog = cast("AnyWatchdog", Spread())
    return KeyWatch(watchdog, watchdog.settle(tree("spread", settings), "AAPL"), "AAPL")


def quotes(*spreads: float, first: int = 0) -> list[Quote]:
    return [
        Quote(
            symbol="AAPL",
            timestamp=START + timedelta(seconds=second),
            bid=10.0,
            ask=10.0 + wide,
            bid_size=1.0,
            ask_size=1.0,
        )
        for second, wide in enumerate(spreads, first)
    ]


def test_it_reads_fires_asks_and_resolves() -> None:
    emissions = feed(spread(), quotes(1, 1, 1, 4, 5, 1))

    said = readings(emissions)
    assert [one.state for one in said] == [*["unknown"] * 3, "breach", "ok", "ok"]
    assert said[2].detail["reason"] == "2 of 3 quotes"
    assert [one.value for one in said[3:]] == pytest.approx([4, 20 / 7, 5 / 12])
    assert alerts(emissions) == [("firing", None), ("resolved", None)]
    (request,) = told(emissions, ActionRequest)
    assert (request.action, request.symbol) == ("cooldown", "AAPL")


def test_policy_is_everybodys() -> None:
    patient = spread(policy={"for_observations": 2})

    (alert,) = told(feed(patient, quotes(1, 1, 1, 4, 40)), Alert)

    assert alert.timestamp == START + timedelta(seconds=4)
    assert alert.since == START + timedelta(seconds=3)


def test_it_survives_a_restart_and_a_gap() -> None:
    before, after = spread(), spread()
    feed(before, quotes(1, 1, 1, 4))
    after.restore(before.snapshot())

    assert alerts(feed(after, quotes(1, first=4))) == [("resolved", None)]
    after.forget()
    assert [one.state for one in readings(feed(after, quotes(1, first=5)))] == ["unknown"]


def test_its_settings_are_checked_by_name() -> None:
    with pytest.raises(SettingsError, match=r"watchdogs\.spread\.ratio: .*found 1"):
        Spread().check(tree("spread", {"ratio": 1}))
