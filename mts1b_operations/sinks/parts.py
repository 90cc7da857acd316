"""Parquet parts on disk: whole or absent, never half written.

`<root>/parts/<table>/day=YYYY-MM-DD/<shard>-<incarnation>-<number>.parquet`. A *shard* is a
partition of the sink. An *incarnation* is a life of the shard that began without a snapshot; the
numbers of its parts only grow.
"""

import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from mts1b_operations.sinks.tables import Row, Table

_FOLDER = "parts"
_UNFINISHED = ".unfinished"
_NAME = re.compile(r"(?P<shard>[^-]+)-(?P<incarnation>\d{6})-(?P<number>\d{9})\.parquet")


@dataclass(frozen=True, slots=True, order=True)
class PartName:
    """What a part's file name says. Sorts by shard, then by age."""

    shard: str
    incarnation: int
    number: int

    @property
    def file_name(self) -> str:
        """Give the name of the file, whose order as text is this order within a shard."""
        return f"{self.shard}-{self.incarnation:06d}-{self.number:09d}.parquet"

    @classmethod
    def of(cls, path: Path) -> "PartName | None":
        """Read a file's name; None when it is not a part's."""
        found = _NAME.fullmatch(path.name)
        return found and cls(found["shard"], int(found["incarnation"]), int(found["number"]))


def list_parts(root: Path, table: str = "*") -> list[Path]:
    """List the finished parts of `table`, or of all tables, sorted."""
    found = (root / _FOLDER).glob(f"{table}/day=*/*.parquet")
    return sorted(path for path in found if PartName.of(path))


def write_part(root: Path, table: Table, day: date, name: PartName, rows: Sequence[Row]) -> Path:
    """Write `rows` into a file beside the part, to the disk, and rename it. Raises OSError."""
    target = root / _FOLDER / table.name / f"day={day.isoformat()}" / name.file_name
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_suffix(_UNFINISHED)
    with unfinished.open("wb") as file:
        pq.write_table(pa.Table.from_pylist(rows, table.schema), file, compression="zstd")
    replace_durably(unfinished, target)
    return target


def replace_durably(source: Path, target: Path) -> None:
    """Rename `source` over `target` so that a power failure leaves the old or the new one."""
    _sync(source)
    source.replace(target)
    _sync(target.parent)


def parts_from(root: Path, shard: str, incarnation: int, number: int) -> list[Path]:
    """List what an incarnation of `shard` has written from part `number` on."""
    first = PartName(shard, incarnation, number)
    names = [(PartName.of(path), path) for path in list_parts(root)]
    return [
        path
        for name, path in names
        if name and (name.shard, name.incarnation) == (shard, incarnation) and name >= first
    ]


def last_incarnation(root: Path, shard: str) -> int:
    """Give the newest incarnation of `shard` that has left parts; 0 for none."""
    names = (PartName.of(path) for path in list_parts(root))
    return max((name.incarnation for name in names if name and name.shard == shard), default=0)


def delete_unfinished(root: Path, shard: str) -> None:
    """Delete what a crashed writer of `shard` left half written."""
    _delete((root / _FOLDER).glob(f"*/day=*/{shard}-*{_UNFINISHED}"))


def delete_parts(paths: Iterable[Path]) -> None:
    """Delete parts."""
    _delete(paths)


def _delete(paths: Iterable[Path]) -> None:
    for path in paths:
        path.unlink(missing_ok=True)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
