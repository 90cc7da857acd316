"""Generations: an `operations.duckdb` whose views list their parts, renamed over the one before.

DuckDB admits no reader beside a writer, and a view over a glob sees parts come and go. So nobody
ever writes the file that readers open: each generation is a new file. Its views name their parts
by absolute path, since DuckDB resolves a relative one against the reader's working directory;
after moving `root`, publish again.
"""

import fcntl
import logging
import os
import threading
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import monotonic

import duckdb

from mts1b_operations.sinks.parts import PartName, list_parts, replace_durably
from mts1b_operations.sinks.tables import TABLES, Table

DATABASE = "operations.duckdb"
"""What readers open, read-only, anew for each query or group of queries."""

_OPTIONS = "union_by_name=true, filename=true, hive_partitioning=true, hive_types={'day': DATE}"
_NEWEST = " QUALIFY row_number() OVER (PARTITION BY event_id ORDER BY filename DESC) = 1"

_LOG = logging.getLogger(__name__)


class Catalog:
    """Publishes generations of `root`, at most one in `interval` seconds unless told. Thread-safe.

    Several processes may publish for one root: a lock file makes them take turns.
    """

    def __init__(self, root: Path, interval: float = 1.0) -> None:
        self._root = root.resolve()
        self._interval = interval
        self._lock = threading.Lock()
        self._timer: threading.Timer | None = None
        self._last = -interval
        self._wanted = False
        self._failing = False

    def publish(self, excluding: Collection[Path] = ()) -> None:
        """Publish what is there now, without the parts in `excluding`.

        Raises OSError or duckdb.Error; then the generation before stays.
        """
        with self._lock:
            self._publish(excluding)

    def request(self) -> None:
        """Publish soon, from a thread of its own; requests within the interval share one."""
        with self._lock:
            self._wanted = True
            self._schedule()

    def flush(self) -> None:
        """Publish now what was requested. A failure is logged: the parts are safe already."""
        with self._lock:
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None
            self._try()

    def _schedule(self) -> None:
        if self._timer is None:
            delay = max(0.0, self._last + self._interval - monotonic())
            self._timer = threading.Timer(delay, self._on_timer)
            self._timer.daemon = True
            self._timer.start()

    def _on_timer(self) -> None:
        with self._lock:
            self._timer = None
            self._try()
            if self._wanted:
                self._schedule()

    def _try(self) -> None:
        if not self._wanted:
            return
        try:
            self._publish()
        except (OSError, duckdb.Error) as trouble:
            if not self._failing:
                _LOG.warning("no new generation in %s: %s; trying again", self._root, trouble)
            self._failing = True

    def _publish(self, excluding: Collection[Path] = ()) -> None:
        self._last = monotonic()
        with _turn(self._root):
            fresh = self._root / f".{DATABASE}.{os.getpid()}"
            fresh.unlink(missing_ok=True)
            _build(fresh, self._root, {path.resolve() for path in excluding})
            replace_durably(fresh, self._root / DATABASE)
        self._wanted = self._failing = False


@contextmanager
def _turn(root: Path) -> Iterator[None]:
    root.mkdir(parents=True, exist_ok=True)
    with (root / f".{DATABASE}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _build(path: Path, root: Path, excluded: Collection[Path]) -> None:
    with duckdb.connect(path) as connection:
        for table in TABLES.values():
            parts = [part for part in list_parts(root, table.name) if part not in excluded]
            connection.execute(view_of(table, parts))


def view_of(table: Table, parts: Sequence[Path]) -> str:
    """Write the SQL of a table's view over `parts`, typed even when there is none.

    Where a shard has begun anew, an event may be in two incarnations: the newer one counts.
    """
    columns = {name: _sql_type(kind) for name, kind in table.columns.items()} | {"day": "DATE"}
    nulls = ", ".join(f'CAST(NULL AS {kind}) AS "{name}"' for name, kind in columns.items())
    view = f"CREATE VIEW {table.name} AS SELECT {nulls} WHERE false"
    return f"{view} UNION ALL BY NAME {_rows_of(parts)}" if parts else view


def _rows_of(parts: Sequence[Path]) -> str:
    files = ", ".join(_quote(str(part)) for part in parts)
    once = _NEWEST if _has_begun_anew(parts) else ""
    # A view's text cannot have parameters; the paths in it are ours, and quoted.
    return f"(SELECT * EXCLUDE (filename) FROM read_parquet([{files}], {_OPTIONS}){once})"  # noqa: S608


def _has_begun_anew(parts: Sequence[Path]) -> bool:
    names = (PartName.of(part) for part in parts)
    return any(name and name.incarnation > 1 for name in names)


def _sql_type(kind: str) -> str:
    return "VARCHAR" if kind == "JSON" else kind


def _quote(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
