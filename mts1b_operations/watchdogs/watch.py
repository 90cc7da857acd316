"""One key of one watchdog: its state, its standings, and how both survive a restart."""

from dataclasses import dataclass
from typing import Generic

from pydantic import TypeAdapter, ValidationError
from pydantic_core import from_json, to_json

from mts1b_operations.events.envelope import Emission, Provenance
from mts1b_operations.events.fields import EventModel
from mts1b_operations.watchdogs.announce import Occasion, microseconds, reading
from mts1b_operations.watchdogs.measurement import Limit, Measurement
from mts1b_operations.watchdogs.policy import Change, Standing, advance, interrupt
from mts1b_operations.watchdogs.watchdog import SettingsT, StateT, Terms, Watchdog

SNAPSHOT_SCHEMA = 1
"""Raised whenever the layout of a snapshot changes."""


class SnapshotError(ValueError):
    """A snapshot that another version, another watchdog or a damaged store has written."""


@dataclass(frozen=True, slots=True)
class _Kept:
    rule: str
    fund_id: str | None
    key: str
    standing: Standing


_STANDINGS = TypeAdapter(list[_Kept])

_Place = tuple[str, str | None, str]


class KeyWatch(Generic[SettingsT, StateT]):
    """Watches one key: folds events into state, and announces what changes.

    The order of the keys among each other never matters, only the order within one key.
    """

    def __init__(
        self, watchdog: Watchdog[SettingsT, StateT], settings: SettingsT, key: str
    ) -> None:
        """Watch `key` under `settings`, with nothing seen so far."""
        self.watchdog = watchdog
        self.settings = settings
        self.key = key
        self.state = watchdog.begin(key)
        self._standings: dict[_Place, Standing] = {}
        self._terms: dict[tuple[str, str | None], Terms] = {}

    def observe(self, event: EventModel, provenance: Provenance) -> list[Emission]:
        """Fold one event; give what is to be published, in order."""
        return self.announce(self.watchdog.observe(self.settings, self.state, event, provenance))

    def announce(self, measurements: list[Measurement]) -> list[Emission]:
        """Judge measurements that the watchdog made of this key's state.

        For callers with columns in hand, which fold them with the watchdog's own entry points.
        """
        emissions: list[Emission] = []
        for measurement in measurements:
            terms = self._terms_of(measurement.limit)
            emissions.append(reading(self.watchdog.name, terms, measurement))
            for limit in measurement.limits:
                emissions.extend(self._judge(measurement, limit))
        return emissions

    def forget(self) -> None:
        """Go to UNKNOWN after input was lost.

        The statistical window is cleared; alerts that fire go on firing, and what an episode has
        already asked for is not asked for again.
        """
        self.watchdog.forget(self.state)
        for place, standing in self._standings.items():
            self._standings[place] = interrupt(standing)

    def snapshot(self) -> bytes:
        """Write everything that a restart needs, as JSON; floats survive exactly."""
        kept = [_Kept(*place, standing) for place, standing in self._standings.items()]
        return to_json(
            {
                "schema": SNAPSHOT_SCHEMA,
                "watchdog": self.watchdog.name,
                "state_schema": self.watchdog.state_schema,
                "key": self.key,
                "state": self.state,
                "standings": kept,
            }
        )

    def restore(self, snapshot: bytes) -> None:
        """Continue from what `snapshot` wrote. Raises SnapshotError where that is impossible."""
        try:
            document = from_json(snapshot)
            self._require_ours(document)
            state = TypeAdapter(self.watchdog.state_type).validate_python(document["state"])
            standings = _STANDINGS.validate_python(document["standings"])
        except (ValidationError, KeyError, TypeError) as damaged:
            raise SnapshotError(
                f"expected a snapshot of {self.watchdog.name} for {self.key!r}, found a damaged "
                f"one ({damaged}); start from an empty recovery store and replay the stream"
            ) from damaged
        self.state = state
        self._standings = {(one.rule, one.fund_id, one.key): one.standing for one in standings}

    def _judge(self, measurement: Measurement, limit: Limit) -> list[Emission]:
        place = (limit.rule, limit.fund_id, measurement.key)
        step = advance(
            self._terms_of(limit).policy,
            self._standings.get(place, Standing()),
            limit,
            measurement.value,
            microseconds(measurement.timestamp),
        )
        self._standings[place] = step.standing
        return [
            emission
            for change in step.changes
            for emission in self._tell(measurement, limit, change)
        ]

    def _tell(self, measurement: Measurement, limit: Limit, change: Change) -> list[Emission]:
        name, terms = self.watchdog.name, self._terms_of(limit)
        occasion = Occasion(name, terms, limit, measurement, change)
        match change.kind:
            case "firing":
                asked = self.watchdog.actions(self.settings, self.state, measurement, limit)
                return [occasion.alert("firing"), *map(occasion.action, asked)]
            case "resolved":
                return [occasion.alert("resolved")]
            case "halt":
                halts = self.watchdog.halts(self.settings, self.state, measurement, limit)
                return [occasion.halt(halt) for halt in halts]

    def _terms_of(self, limit: Limit) -> Terms:
        place = (limit.rule, limit.fund_id)
        if place not in self._terms:
            self._terms[place] = self.watchdog.terms(self.settings, limit)
        return self._terms[place]

    def _require_ours(self, document: dict[str, object]) -> None:
        expected = {
            "schema": SNAPSHOT_SCHEMA,
            "watchdog": self.watchdog.name,
            "state_schema": self.watchdog.state_schema,
            "key": self.key,
        }
        for name, value in expected.items():
            if document[name] != value:
                raise SnapshotError(
                    f"expected a snapshot with {name} {value!r}, found {document[name]!r}; "
                    "run the version that wrote it, or replay the stream into an empty store"
                )
