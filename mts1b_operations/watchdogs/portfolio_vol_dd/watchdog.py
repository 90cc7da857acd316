"""Portfolio risk: realised volatility, drawdown and daily loss of a fund, drawdown of strategies.

A day is a date of UTC. A day without prints is no observation: the next return spans it. Prints
that are not after the last one are left out; a print of zero or less counts as what it says, and
it takes several to halt.
"""

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from typing import ClassVar

from mts1b_operations.events.contracts.portfolio import NavTick
from mts1b_operations.events.contracts.registry import FundRegistered, StrategyRegistered
from mts1b_operations.events.contracts.strategy import StrategyPnl
from mts1b_operations.events.envelope import Provenance
from mts1b_operations.events.fields import EventModel
from mts1b_operations.settings.tree import SettingsTree, validated
from mts1b_operations.watchdogs.judging.instants import microseconds
from mts1b_operations.watchdogs.judging.measurement import Limit, Measurement
from mts1b_operations.watchdogs.judging.watchdog import Action, Halt, Terms, Watchdog, rule_version
from mts1b_operations.watchdogs.portfolio_vol_dd import readings, volatility
from mts1b_operations.watchdogs.portfolio_vol_dd.readings import (
    DAILY_LOSS,
    DRAWDOWN,
    STRATEGY_DRAWDOWN,
    Seen,
)
from mts1b_operations.watchdogs.portfolio_vol_dd.settings import PortfolioSettings
from mts1b_operations.watchdogs.portfolio_vol_dd.state import PortfolioState
from mts1b_operations.watchdogs.portfolio_vol_dd.strategy import StrategyTrack
from mts1b_operations.watchdogs.portfolio_vol_dd.track import Start

_RULES = "1"


class PortfolioVolDd(Watchdog[PortfolioSettings, PortfolioState]):
    """Three readings a NAV print of a fund, one a P/L tick of a strategy; keyed by fund."""

    name = "portfolio_vol_dd"
    consumes: ClassVar[tuple[type[EventModel], ...]] = (
        NavTick,
        StrategyPnl,
        FundRegistered,
        StrategyRegistered,
    )
    state_type = PortfolioState

    def settle(self, tree: SettingsTree, key: str) -> PortfolioSettings:
        """Give the settings of the fund `key`. Raises SettingsError for a bad one."""
        own = key in tree.funds_with(self.name)
        place = f"funds.{key}.{self.name}" if own else f"watchdogs.{self.name}"
        return validated(PortfolioSettings, tree.fund(key, self.name), place)

    def check(self, tree: SettingsTree) -> None:
        """Raise SettingsError if a setting of the firm or of a fund is bad."""
        validated(PortfolioSettings, tree.firm(self.name), f"watchdogs.{self.name}")
        for fund_id in tree.funds_with(self.name):
            self.settle(tree, fund_id)

    def begin(self, key: str) -> PortfolioState:
        """Give the state of a fund of which nothing is known."""
        return PortfolioState(key)

    def route(self, event: EventModel) -> str:
        """Give the fund."""
        return str(getattr(event, "fund_id"))  # noqa: B009 - all that is consumed has one

    def observe(
        self,
        settings: PortfolioSettings,
        state: PortfolioState,
        event: EventModel,
        provenance: Provenance,
    ) -> list[Measurement]:
        """Fold a print, a tick or a registration."""
        match event:
            case NavTick():
                return _observe_nav(settings, state, event, provenance)
            case StrategyPnl():
                return _observe_pnl(settings, state, event, provenance)
            case FundRegistered():
                state.register(event)
            case StrategyRegistered():
                state.join(event.strategy_id)
            case _:
                found = type(event).__name__
                raise TypeError(f"expected an event among {self.consumes}, found {found}")
        return []

    def terms(self, settings: PortfolioSettings, limit: Limit) -> Terms:
        """Give policy and severity of a rule; strategies are held like the fund."""
        version = rule_version(_RULES, limit.rule, settings.relevant_to(limit.rule))
        policies, severities = settings.policies, settings.severities
        match limit.rule:
            case volatility.RULE:
                wrong = volatility.false_alarms_per_year(settings)
                return Terms(policies.realised_vol, severities.realised_vol, version, wrong)
            case readings.DAILY_LOSS:
                return Terms(policies.daily_loss, severities.daily_loss, version)
            case _:
                return Terms(policies.drawdown, severities.drawdown, version)

    def forget(self, state: PortfolioState) -> None:
        """Drop the window of returns and the day's opening; peaks and the register stand."""
        state.fund.forget()

    def actions(
        self,
        settings: PortfolioSettings,
        state: PortfolioState,
        measurement: Measurement,
        limit: Limit,
    ) -> Sequence[Action]:
        """Ask for a smaller gross exposure when volatility breaches: once, as an absolute share."""
        target = volatility.target_of(settings, state)
        if limit.rule != volatility.RULE or target is None or measurement.value is None:
            return ()
        scale = volatility.gross_scale(target, measurement.value)
        reason = f"realised volatility {measurement.value:.4f}, target {target:.4f}"
        lasts = timedelta(seconds=settings.reduce_seconds)
        return [Action("reduce", {"gross_scale": scale}, reason, lasts)]

    def halts(
        self,
        settings: PortfolioSettings,
        state: PortfolioState,
        measurement: Measurement,
        limit: Limit,
    ) -> Sequence[Halt]:
        """Halt the fund for a daily loss, and for a drawdown each strategy that caused it.

        A fund's drawdown halts all its strategies; where none is known, the fund, which is wider.
        """
        del settings
        said = f"{limit.rule} of {measurement.key} at {measurement.value}, limit {limit.threshold}"
        if limit.rule == STRATEGY_DRAWDOWN:
            return [Halt("STRATEGY_HALT", measurement.key, said)]
        if limit.rule == DRAWDOWN and state.known_strategies:
            return [Halt("STRATEGY_HALT", one, said) for one in state.known_strategies]
        if limit.rule == DRAWDOWN:
            said += "; no strategy of the fund is registered, so the whole fund halts"
        return [Halt("FUND_HALT", state.key, said)] if limit.rule in {DRAWDOWN, DAILY_LOSS} else ()


def _observe_nav(
    settings: PortfolioSettings, state: PortfolioState, tick: NavTick, provenance: Provenance
) -> list[Measurement]:
    fund, moment = state.fund, microseconds(tick.timestamp)
    if not fund.accepts(moment):
        return []
    start = Start(provenance.sequence, moment)
    flow = float(tick.external_flow or Decimal(0))
    priced = fund.take(float(tick.nav), flow, start, settings.window)
    seen = Seen(tick.timestamp, provenance, priced)
    return list(readings.of_fund(settings, state, seen))


def _observe_pnl(
    settings: PortfolioSettings, state: PortfolioState, tick: StrategyPnl, provenance: Provenance
) -> list[Measurement]:
    state.join(tick.strategy_id)
    track = state.strategies.setdefault(tick.strategy_id, StrategyTrack())
    moment = microseconds(tick.timestamp)
    if not track.accepts(moment):
        return []
    start = Start(provenance.sequence, moment)
    priced = track.take(float(tick.pnl), float(tick.capital), start)
    seen = Seen(tick.timestamp, provenance, priced)
    return [readings.of_strategy(settings, state, tick.strategy_id, seen)]
