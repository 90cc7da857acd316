"""Keeps the number of shards of a Parquet root: with another one, keys would change shards."""

import json
from pathlib import Path

from mts1b_operations.sinks.parts import replace_durably


class ShardCountError(RuntimeError):
    """The root was written with another number of shards, or its layout file is damaged."""


def keep_shard_count(root: Path, count: int) -> None:
    """Write `count` into a new root; check it in an old one. Raises ShardCountError."""
    root.mkdir(parents=True, exist_ok=True)
    path = root / "layout.json"
    if not path.exists():
        fresh = root / ".layout.json"
        fresh.write_text(json.dumps({"shards": count}))
        replace_durably(fresh, path)
    found = _read(path)
    if found != count:
        raise ShardCountError(
            f"expected {path} to say {count} shards, found {found}; run with {found} parts, or "
            "materialise into another folder"
        )


def _read(path: Path) -> int:
    try:
        return int(json.loads(path.read_text())["shards"])
    except (ValueError, KeyError, TypeError) as damage:
        raise ShardCountError(
            f'expected {path} to hold {{"shards": number}}, found it damaged ({damage}); restore '
            "it with the number of parts that the folder was written with"
        ) from damage
