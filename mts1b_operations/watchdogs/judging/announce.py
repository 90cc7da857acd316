"""From a measurement and a change of standing to what travels.

Every id follows from what is announced, never from when it was: a replay says the same thing
under the same id. Ids never contain the value.
"""

from dataclasses import dataclass

from mts1b_operations.events.canonical import digest
from mts1b_operations.events.contracts.actions import ActionRequest
from mts1b_operations.events.contracts.alerts import Alert, AlertState, Reading
from mts1b_operations.events.contracts.halts import HaltRequest
from mts1b_operations.events.envelope import Emission, identified
from mts1b_operations.watchdogs.judging.instants import microseconds, moment_at
from mts1b_operations.watchdogs.judging.measurement import Limit, Measurement
from mts1b_operations.watchdogs.judging.policy import Change
from mts1b_operations.watchdogs.judging.watchdog import Action, Halt, Terms


def actor(watchdog: str) -> str:
    """Name a watchdog as the source of what it announces."""
    return f"watchdogs/{watchdog}"


def reading(watchdog: str, terms: Terms, measurement: Measurement) -> Emission:
    """Announce the number itself, breach or not."""
    limit = measurement.limit
    detail = dict(measurement.detail)
    if measurement.reason is not None:
        detail["reason"] = measurement.reason
    event = Reading(
        watchdog=watchdog,
        key=measurement.key,
        fund_id=limit.fund_id,
        timestamp=measurement.timestamp,
        value=measurement.value,
        threshold=limit.threshold,
        state=measurement.verdict,
        rule=limit.rule,
        rule_version=terms.rule_version,
        detail=detail,
    )
    identity = _identity(watchdog, terms, limit, measurement.key)
    window = (measurement.number, microseconds(measurement.timestamp))
    return identified(event, measurement.timestamp, actor(watchdog), *identity, *window)


@dataclass(frozen=True, slots=True)
class Occasion:
    """What led to changes of one rule's standing: what all their announcements have in common."""

    watchdog: str
    terms: Terms
    limit: Limit
    measurement: Measurement

    def alert_id(self, change: Change) -> str:
        """Name the episode: the same from firing to resolved."""
        return digest("alert", *self._episode(change))

    def alert(self, change: Change, state: AlertState) -> Emission:
        """Say that the rule fires, or that it has resolved."""
        measurement = self.measurement
        event = Alert(
            alert_id=self.alert_id(change),
            watchdog=self.watchdog,
            key=measurement.key,
            fund_id=self.limit.fund_id,
            severity=self.terms.severity,
            state=state,
            value=measurement.value,
            threshold=self.limit.threshold,
            timestamp=measurement.timestamp,
            since=moment_at(change.episode),
            rule=self.limit.rule,
            rule_version=self.terms.rule_version,
            false_alarms_per_year=self.terms.false_alarms_per_year,
            peak=change.peak,
            reason=measurement.reason,
            evidence=measurement.evidence,
        )
        return self._emission(change, event)

    def action(self, change: Change, action: Action) -> Emission:
        """Ask another service to act."""
        event = ActionRequest(
            action_id=digest(
                "action", *self._transition(change), action.action, action.strategy_id
            ),
            action=action.action,
            fund_id=self.limit.fund_id,
            strategy_id=action.strategy_id,
            symbol=action.symbol,
            parameters=action.parameters,
            reason=action.reason,
            alert_id=self.alert_id(change),
            timestamp=self.measurement.timestamp,
            expires=self.measurement.timestamp + action.lasts,
        )
        return self._emission(change, event, action.action, action.strategy_id)

    def halt(self, change: Change, halt: Halt) -> Emission:
        """Ask for a halt."""
        event = HaltRequest(
            halt_id=digest("halt", *self._transition(change), halt.level, halt.scope_id),
            level=halt.level,
            scope_id=halt.scope_id,
            reason=halt.reason,
            requested_by=self.watchdog,
            timestamp=self.measurement.timestamp,
            alert_id=self.alert_id(change),
            origin="watchdog",
        )
        return self._emission(change, event, halt.level, halt.scope_id)

    def _episode(self, change: Change) -> tuple[object, ...]:
        identity = _identity(self.watchdog, self.terms, self.limit, self.measurement.key)
        return (*identity, change.episode)

    def _transition(self, change: Change) -> tuple[object, ...]:
        return (*self._episode(change), change.transition)

    def _emission(
        self, change: Change, event: Alert | ActionRequest | HaltRequest, *further: object
    ) -> Emission:
        identity = (*self._transition(change), *further)
        return identified(event, self.measurement.timestamp, actor(self.watchdog), *identity)


def _identity(watchdog: str, terms: Terms, limit: Limit, key: str) -> tuple[object, ...]:
    return (watchdog, limit.rule, terms.rule_version, limit.fund_id, key)
