"""The shape of every watchdog: a pure fold from the events of one key to measurements."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import ClassVar, Generic, TypeVar

from pydantic import TypeAdapter

from mts1b_operations.events.canonical import digest
from mts1b_operations.events.contracts.actions import ActionName
from mts1b_operations.events.contracts.alerts import Severity
from mts1b_operations.events.contracts.halts import HaltLevel
from mts1b_operations.events.envelope import Provenance
from mts1b_operations.events.fields import EventModel, JsonObject
from mts1b_operations.settings.tree import SettingsTree
from mts1b_operations.watchdogs.judging.measurement import Limit, Measurement
from mts1b_operations.watchdogs.judging.policy import Policy

SettingsT = TypeVar("SettingsT")
StateT = TypeVar("StateT")


@dataclass(frozen=True, slots=True)
class Terms:
    """How a rule is announced: its policy, severity, version, and how often it is wrong.

    `false_alarms_per_year` is None where no honest number is known.
    """

    policy: Policy
    severity: Severity
    rule_version: str
    false_alarms_per_year: float | None = None


@dataclass(frozen=True, slots=True)
class Action:
    """What to ask of another service when an alert fires: absolute targets, for a while."""

    action: ActionName
    parameters: JsonObject
    reason: str
    lasts: timedelta
    symbol: str | None = None
    strategy_id: str | None = None


@dataclass(frozen=True, slots=True)
class Halt:
    """What to halt when a breach is confirmed."""

    level: HaltLevel
    scope_id: str | None
    reason: str


class Watchdog(ABC, Generic[SettingsT, StateT]):
    """One of the ten. Holds no state of its own: settings and state come with every call.

    State is a mutable stdlib dataclass of JSON-able fields, so that a snapshot of it is exact.
    """

    name: ClassVar[str]
    consumes: ClassVar[tuple[type[EventModel], ...]]
    state_schema: ClassVar[int] = 1
    """Raised whenever the fields of the state change their meaning."""

    state_type: type[StateT]

    @cached_property
    def state_reader(self) -> TypeAdapter[StateT]:
        """Give what reads a state back from its snapshot."""
        return TypeAdapter(self.state_type)

    @abstractmethod
    def settle(self, tree: SettingsTree, key: str) -> SettingsT:
        """Give the settings that hold for `key`.

        Raises SettingsError naming the place of the first setting that does not fit.
        """

    @abstractmethod
    def check(self, tree: SettingsTree) -> None:
        """Raise SettingsError if any setting of this watchdog, for any fund or key, is bad."""

    @abstractmethod
    def begin(self, key: str) -> StateT:
        """Give the state of a key of which nothing has been seen."""

    @abstractmethod
    def route(self, event: EventModel) -> str:
        """Give the key under which `event`, one of `consumes`, is watched."""

    @abstractmethod
    def observe(
        self, settings: SettingsT, state: StateT, event: EventModel, provenance: Provenance
    ) -> list[Measurement]:
        """Fold `event` into `state`; give the measurements that it completes."""

    @abstractmethod
    def terms(self, settings: SettingsT, limit: Limit) -> Terms:
        """Give the terms under which breaches of `limit` are announced."""

    @abstractmethod
    def forget(self, state: StateT) -> None:
        """Clear the statistical window after input was lost; keep counters and known facts."""

    def actions(
        self,
        settings: SettingsT,  # noqa: ARG002 - for the watchdogs that override this
        state: StateT,  # noqa: ARG002
        measurement: Measurement,  # noqa: ARG002
        limit: Limit,  # noqa: ARG002
    ) -> Sequence[Action]:
        """Give what to ask for once, when `limit` starts firing."""
        return ()

    def halts(
        self,
        settings: SettingsT,  # noqa: ARG002 - for the watchdogs that override this
        state: StateT,  # noqa: ARG002
        measurement: Measurement,  # noqa: ARG002
        limit: Limit,  # noqa: ARG002
    ) -> Sequence[Halt]:
        """Give what to halt once, when a breach of `limit` is confirmed."""
        return ()


def rule_version(version: str, *relevant: object) -> str:
    """Name a rule's code and settings: `version`, and 8 digits that follow from `relevant`."""
    return f"{version}-{digest(*relevant)[:8]}"
