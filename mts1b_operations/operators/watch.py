"""The shard: the only state of the dataflows. It holds one `KeyWatch` per watchdog and key.

The key that the engine knows is the shard, not the symbol or the fund: a batch costs one call,
and word of a loss reaches every key that it may have touched.
"""

import logging
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta

from bytewax.operators import StatefulBatchLogic
from pydantic import BaseModel, ConfigDict, ValidationError

from mts1b_operations.events.columns import MarketBatch
from mts1b_operations.events.envelope import Emission, LostRange
from mts1b_operations.operators.decode import Observation, ShardItem
from mts1b_operations.operators.stale import refuse_stale_halts
from mts1b_operations.watchdogs.judging.watch import KeyWatch

_LOG = logging.getLogger(__name__)

SNAPSHOT_SCHEMA = 1
"""Raised whenever the layout of a shard's snapshot changes."""

AnyKeyWatch = KeyWatch[object, object]
WatchOf = Callable[[str, str], AnyKeyWatch]
"""Gives the watch of a (watchdog, key): a new one, or the one that a shard holds."""

Columnar = Callable[[MarketBatch, WatchOf], list[Emission]]
"""Feeds a batch in columns to the watches of its symbols."""


class ShardSnapshotError(ValueError):
    """A snapshot that another version wrote."""


@dataclass(frozen=True, slots=True)
class ShardOptions:
    """How a shard behaves.

    `max_keys` bounds its memory: beyond it the key that has been silent longest is discarded.
    `oldest_halt`: requests whose event is older at its arrival become alerts; None keeps all.
    """

    max_keys: int = 20_000
    oldest_halt: timedelta | None = timedelta(minutes=5)


class _Snapshot(BaseModel):
    model_config = ConfigDict(extra="forbid")

    schema_version: int
    watches: list[tuple[str, str, str]]


class Shard(StatefulBatchLogic[ShardItem, Emission, bytes]):
    """Folds a shard's items into its watches and gives what they announce, in order."""

    def __init__(
        self, make: WatchOf, columnar: Columnar, options: ShardOptions, snapshot: bytes | None
    ) -> None:
        self._make = make
        self._columnar = columnar
        self._options = options
        self._watches: OrderedDict[tuple[str, str], AnyKeyWatch] = OrderedDict()
        self._written: dict[tuple[str, str], str] = {}
        if snapshot is not None:
            self._restore(snapshot)

    def on_batch(self, values: list[ShardItem]) -> tuple[Iterable[Emission], bool]:
        """Take in items, in order. The shard itself is never discarded."""
        emissions = [emission for item in values for emission in self._take(item)]
        self._bound()
        return emissions, self.RETAIN

    def _take(self, item: ShardItem) -> list[Emission]:
        if isinstance(item, LostRange):
            self._forget()
            return []
        if isinstance(item, MarketBatch):
            return self._columnar(item, self._watch)
        return [emission for one in item for emission in self._observe(one)]

    def _observe(self, one: Observation) -> list[Emission]:
        emissions = self._watch(one.watchdog, one.key).observe(one.event, one.provenance)
        return refuse_stale_halts(emissions, one.provenance, self._options.oldest_halt)

    def _watch(self, watchdog: str, key: str) -> AnyKeyWatch:
        place = (watchdog, key)
        if place not in self._watches:
            self._watches[place] = self._make(watchdog, key)
        self._watches.move_to_end(place)
        self._written.pop(place, None)
        return self._watches[place]

    def _forget(self) -> None:
        self._written.clear()
        for watch in self._watches.values():
            watch.forget()

    def _bound(self) -> None:
        while len(self._watches) > self._options.max_keys:
            place, _ = self._watches.popitem(last=False)
            self._written.pop(place, None)
            _LOG.warning("a shard holds over %s keys: discarded %s", self._options.max_keys, place)

    def snapshot(self) -> bytes:
        """Write all watches; those that have not changed since the last time are not redone."""
        for place, watch in self._watches.items():
            if place not in self._written:
                self._written[place] = watch.snapshot().decode()
        watches = [(*place, self._written[place]) for place in self._watches]
        return _Snapshot(schema_version=SNAPSHOT_SCHEMA, watches=watches).model_dump_json().encode()

    def _restore(self, snapshot: bytes) -> None:
        for watchdog, key, written in _read(snapshot).watches:
            self._watch(watchdog, key).restore(written.encode())
            self._written[watchdog, key] = written


def _read(snapshot: bytes) -> _Snapshot:
    try:
        kept = _Snapshot.model_validate_json(snapshot)
        found = f"schema {kept.schema_version}"
    except ValidationError:
        kept, found = None, "another layout"
    if kept is None or kept.schema_version != SNAPSHOT_SCHEMA:
        raise ShardSnapshotError(
            f"expected a shard's snapshot of schema {SNAPSHOT_SCHEMA}, found {found}; "
            "start with an empty recovery directory"
        )
    return kept


def no_columns(batch: MarketBatch, watch_of: WatchOf) -> list[Emission]:  # noqa: ARG001
    """Refuse columns: the feed of a flow that reads none. Raises TypeError."""
    raise TypeError(f"expected single observations in this flow, found columns of {batch.stream}")
