"""From a measurement and a change of standing to what travels.

Every id follows from what is announced, never from when it was: a replay says the same thing
under the same id. Ids never contain the value.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from mts1b_operations.events.canonical import digest
from mts1b_operations.events.contracts.actions import ActionRequest
from mts1b_operations.events.contracts.alerts import Alert, AlertState, Reading
from mts1b_operations.events.contracts.halts import HaltRequest
from mts1b_operations.events.envelope import Emission, identified
from mts1b_operations.watchdogs.measurement import Limit, Measurement
from mts1b_operations.watchdogs.policy import Change
from mts1b_operations.watchdogs.watchdog import Action, Halt, Terms

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def microseconds(moment: datetime) -> int:
    """Give an aware moment as whole microseconds since 1970."""
    return (moment - _EPOCH) // _MICROSECOND


def moment_at(microsecond: int) -> datetime:
    """Give the moment, in UTC, that lies `microsecond` microseconds after 1970 began."""
    return _EPOCH + timedelta(microseconds=microsecond)


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
    """One change of one rule's standing: what its alert, actions and halts have in common."""

    watchdog: str
    terms: Terms
    limit: Limit
    measurement: Measurement
    change: Change

    @property
    def alert_id(self) -> str:
        """Name the episode: the same from firing to resolved."""
        return digest("alert", *self._episode)

    def alert(self, state: AlertState) -> Emission:
        """Say that the rule fires, or that it has resolved."""
        measurement = self.measurement
        event = Alert(
            alert_id=self.alert_id,
            watchdog=self.watchdog,
            key=measurement.key,
            fund_id=self.limit.fund_id,
            severity=self.terms.severity,
            state=state,
            value=measurement.value,
            threshold=self.limit.threshold,
            timestamp=measurement.timestamp,
            since=moment_at(self.change.episode),
            rule=self.limit.rule,
            rule_version=self.terms.rule_version,
            false_alarms_per_year=self.terms.false_alarms_per_year,
            peak=self.change.peak,
            reason=measurement.reason,
            evidence=measurement.evidence,
        )
        return self._emission(event)

    def action(self, action: Action) -> Emission:
        """Ask another service to act."""
        event = ActionRequest(
            action_id=digest("action", *self._transition, action.action, action.strategy_id),
            action=action.action,
            fund_id=self.limit.fund_id,
            strategy_id=action.strategy_id,
            symbol=action.symbol,
            parameters=action.parameters,
            reason=action.reason,
            alert_id=self.alert_id,
            timestamp=self.measurement.timestamp,
            expires=self.measurement.timestamp + action.lasts,
        )
        return self._emission(event, action.action, action.strategy_id)

    def halt(self, halt: Halt) -> Emission:
        """Ask for a halt."""
        event = HaltRequest(
            halt_id=digest("halt", *self._transition, halt.level, halt.scope_id),
            level=halt.level,
            scope_id=halt.scope_id,
            reason=halt.reason,
            requested_by=self.watchdog,
            timestamp=self.measurement.timestamp,
            alert_id=self.alert_id,
            origin="watchdog",
        )
        return self._emission(event, halt.level, halt.scope_id)

    @property
    def _episode(self) -> tuple[object, ...]:
        identity = _identity(self.watchdog, self.terms, self.limit, self.measurement.key)
        return (*identity, self.change.episode)

    @property
    def _transition(self) -> tuple[object, ...]:
        return (*self._episode, self.change.transition)

    def _emission(self, event: Alert | ActionRequest | HaltRequest, *further: object) -> Emission:
        identity = (*self._transition, *further)
        return identified(event, self.measurement.timestamp, actor(self.watchdog), *identity)


def _identity(watchdog: str, terms: Terms, limit: Limit, key: str) -> tuple[object, ...]:
    return (watchdog, limit.rule, terms.rule_version, limit.fund_id, key)
