"""One key of one watchdog: its state, its standings, and how both survive a restart."""

from dataclasses import dataclass, replace
from typing import Generic

from pydantic import TypeAdapter
from pydantic_core import from_json, to_json

from mts1b_operations.events.envelope import Emission, Provenance
from mts1b_operations.events.fields import EventModel
from mts1b_operations.watchdogs.judging.announce import Occasion, reading
from mts1b_operations.watchdogs.judging.instants import microseconds
from mts1b_operations.watchdogs.judging.measurement import Limit, Measurement
from mts1b_operations.watchdogs.judging.policy import Change, Standing, advance, interrupt
from mts1b_operations.watchdogs.judging.watchdog import SettingsT, StateT, Terms, Watchdog

SNAPSHOT_SCHEMA = 1
"""Raised whenever the layout of a snapshot changes."""


class SnapshotError(ValueError):
    """A snapshot that another version, another watchdog or a damaged store has written."""


@dataclass(frozen=True, slots=True)
class _Held:
    """A standing, and the version of the rule under which its episode began.

    Settings may change while an alert fires: it must resolve under the id that it fired with.
    """

    standing: Standing
    rule_version: str


_NOTHING = _Held(Standing(), "")

_Place = tuple[str, str | None, str]
"""Rule, fund and key: the key of a measurement may be narrower than the watch's."""

_HELD = TypeAdapter(list[tuple[_Place, _Held]])


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
        self._held: dict[_Place, _Held] = {}
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
        for place, held in self._held.items():
            self._held[place] = replace(held, standing=interrupt(held.standing))

    def snapshot(self) -> bytes:
        """Write everything that a restart needs, as JSON; floats survive exactly."""
        return to_json(
            {
                "schema": SNAPSHOT_SCHEMA,
                "watchdog": self.watchdog.name,
                "state_schema": self.watchdog.state_schema,
                "key": self.key,
                "state": self.state,
                "held": list(self._held.items()),
            }
        )

    def restore(self, snapshot: bytes) -> None:
        """Continue from what `snapshot` wrote. Raises SnapshotError where that is impossible."""
        try:
            document = from_json(snapshot)
            self._require_ours(document)
            state = self.watchdog.state_reader.validate_python(document["state"])
            held = _HELD.validate_python(document["held"])
        except SnapshotError:
            raise
        except (ValueError, KeyError, TypeError) as damaged:
            raise SnapshotError(
                f"expected a snapshot of {self.watchdog.name} for {self.key!r}, found a damaged "
                f"one ({damaged}); start from an empty recovery store and replay the stream"
            ) from damaged
        self.state = state
        self._held = dict(held)

    def _judge(self, measurement: Measurement, limit: Limit) -> list[Emission]:
        place = (limit.rule, limit.fund_id, measurement.key)
        terms, held = self._terms_of(limit), self._held.get(place, _NOTHING)
        moment = microseconds(measurement.timestamp)
        step = advance(terms.policy, held.standing, limit, measurement.value, moment)
        version = held.rule_version if held.standing.in_episode else terms.rule_version
        self._held[place] = _Held(step.standing, version)
        if not step.changes:
            return []
        stated = replace(terms, rule_version=version)
        occasion = Occasion(self.watchdog.name, stated, limit, measurement)
        return [told for change in step.changes for told in self._tell(occasion, change)]

    def _tell(self, occasion: Occasion, change: Change) -> list[Emission]:
        about = (self.settings, self.state, occasion.measurement, occasion.limit)
        match change.kind:
            case "firing":
                asked = [occasion.action(change, one) for one in self.watchdog.actions(*about)]
                return [occasion.alert(change, "firing"), *asked]
            case "resolved":
                return [occasion.alert(change, "resolved")]
            case "halt":
                return [occasion.halt(change, one) for one in self.watchdog.halts(*about)]

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
