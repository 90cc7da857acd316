"""Materialises emissions as Parquet parts, exactly once, with DuckDB views over them."""

from datetime import UTC, date, datetime
from pathlib import Path

from bytewax.outputs import FixedPartitionedSink, StatefulSinkPartition

from mts1b_operations.events.envelope import Emission
from mts1b_operations.sinks.catalog import Catalog
from mts1b_operations.sinks.parts import (
    PartName,
    delete_parts,
    delete_unfinished,
    last_incarnation,
    parts_from,
    write_part,
)
from mts1b_operations.sinks.shard_count import keep_shard_count
from mts1b_operations.sinks.tables import TABLES, Row, Table

Position = tuple[int, int]
"""What a snapshot keeps: the incarnation, and the number of its next part."""


class ParquetSink(FixedPartitionedSink[Emission, Position]):
    """Writes `(key, Emission)` into the tables of `tables.py` below `root`; others pass by.

    Each epoch's rows become parts at its end, in two phases: parts are written, then the number
    of the next one goes into Bytewax's snapshot. A crash between the two leaves parts that the
    resumed shard deletes before it writes them again. Without a snapshot, a shard begins a new
    incarnation beside the parts of the old: nothing is deleted, and the views count an event
    that both hold once, by its id.

    `parts` is fixed for the life of `root`. A new generation of `operations.duckdb` follows at
    most every `interval` seconds. Raises ShardCountError, OSError.
    """

    def __init__(self, root: Path, parts: int = 4, interval: float = 1.0) -> None:
        self._root = root
        self._parts = parts
        self._catalog = Catalog(root, interval)
        keep_shard_count(root, parts)
        self._catalog.publish()

    def list_parts(self) -> list[str]:
        """Name the shards: every worker can serve each."""
        return [str(number) for number in range(self._parts)]

    def build_part(
        self, step_id: str, for_part: str, resume_state: Position | None
    ) -> "ParquetShard":
        """Open a shard, and undo what an epoch that was never completed has written."""
        del step_id
        delete_unfinished(self._root, for_part)
        if resume_state is None:
            position = (last_incarnation(self._root, for_part) + 1, 0)
        else:
            position = resume_state
            self._roll_back(for_part, position)
        return ParquetShard(self._root, self._catalog, PartName(for_part, *position))

    def _roll_back(self, shard: str, position: Position) -> None:
        orphans = parts_from(self._root, shard, *position)
        if orphans:
            # No reader that opens the database from here on will look for the deleted files.
            self._catalog.publish(excluding=orphans)
            delete_parts(orphans)


class ParquetShard(StatefulSinkPartition[Emission, Position]):
    """One shard: gathers rows, writes them when the epoch ends."""

    def __init__(self, root: Path, catalog: Catalog, next_part: PartName) -> None:
        self._root = root
        self._catalog = catalog
        self._next = next_part
        self._rows: dict[tuple[Table, date], list[Row]] = {}

    def write_batch(self, values: list[Emission]) -> None:
        """Gather the rows of one batch."""
        for emission in values:
            table = TABLES.get(type(emission.event))
            if table is not None:
                row = table.row(emission)
                self._rows.setdefault((table, _day(row["timestamp"])), []).append(row)

    def snapshot(self) -> Position:
        """Write what the epoch has gathered. Raises OSError when the disk does not take it."""
        if self._rows:
            for (table, day), rows in self._rows.items():
                write_part(self._root, table, day, self._next, rows)
            self._rows.clear()
            self._next = PartName(self._next.shard, self._next.incarnation, self._next.number + 1)
            self._catalog.request()
        return (self._next.incarnation, self._next.number)

    def close(self) -> None:
        """Publish the last generation. Rows of an epoch that did not end are not written."""
        self._catalog.flush()


def _day(moment: datetime) -> date:
    return moment.astimezone(UTC).date()
