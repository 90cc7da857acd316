"""What a recovery store was made for. A mismatch is refused: Bytewax would start from nothing."""

from collections.abc import Sequence
from pathlib import Path

from bytewax.dataflow import Dataflow, Operator
from bytewax.recovery import RecoveryConfig, init_db_dir
from pydantic import BaseModel, ConfigDict, ValidationError

from mts1b_operations.events.streams import PARTITIONS
from mts1b_operations.operators import watch
from mts1b_operations.watchdogs.registry import WATCHDOGS

FLOW_VERSION = 1
"""Raised whenever a flow's steps change what they mean without changing their ids."""

RECOVERY_PARTITIONS = 4
"""How many SQLite files the store has: fixed when it is made, and a bound on useful processes."""

STATELESS = "_console"
"""How the id of a step ends that may come and go: what it prints is kept by nobody."""

_FILE = "manifest.json"


class ManifestMismatchError(RuntimeError):
    """A recovery store that was made for another flow, version or shape."""


class Manifest(BaseModel):
    """The facts that a flow and its recovery store must agree on."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    flow: str
    flow_version: int
    partitions: int
    recovery_partitions: int
    steps: list[str]
    state_schemas: dict[str, int]


def manifest_of(flow: Dataflow) -> Manifest:
    """Describe what `flow` expects of a recovery store."""
    schemas = {name: one.state_schema for name, one in WATCHDOGS.items()}
    return Manifest(
        flow=flow.flow_id,
        flow_version=FLOW_VERSION,
        partitions=PARTITIONS,
        recovery_partitions=RECOVERY_PARTITIONS,
        steps=_step_ids(flow.substeps),
        state_schemas={"shard": watch.SNAPSHOT_SCHEMA, **schemas},
    )


def _step_ids(steps: Sequence[Operator]) -> list[str]:
    kept = [step for step in steps if not step.step_id.endswith(STATELESS)]
    nested = (found for step in kept for found in _step_ids(step.substeps))
    return sorted([*(step.step_id for step in kept), *nested])


def recovery_config(flow: Dataflow, directory: Path) -> RecoveryConfig:
    """Open the flow's recovery store, or make it. Raises ManifestMismatchError.

    The manifest is written last, so that a store without one is one whose making was cut short
    before anything ran on it.
    """
    expected = manifest_of(flow)
    path = directory / _FILE
    if path.exists():
        _compare(expected, _read(path), directory)
    else:
        _make(expected, directory, path)
    return RecoveryConfig(directory)  # type: ignore[no-untyped-call]


def _read(path: Path) -> Manifest:
    try:
        return Manifest.model_validate_json(path.read_bytes())
    except ValidationError as refused:
        raise ManifestMismatchError(
            f"expected a recovery manifest, found something else in {path}; "
            "move the directory away to start from the stream's beginning"
        ) from refused


def _make(manifest: Manifest, directory: Path, path: Path) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    for leftover in directory.glob("part-*.sqlite3*"):
        leftover.unlink()
    init_db_dir(directory, RECOVERY_PARTITIONS)  # type: ignore[no-untyped-call]
    unfinished = path.with_suffix(".partial")
    unfinished.write_text(manifest.model_dump_json(indent=1))
    unfinished.rename(path)


def _compare(expected: Manifest, found: Manifest, directory: Path) -> None:
    for name in Manifest.model_fields:
        wanted, stored = getattr(expected, name), getattr(found, name)
        if wanted != stored:
            raise ManifestMismatchError(
                f"recovery store {directory}: expected {name} {wanted!r}, found {stored!r}; "
                "run the version that made it, or move it away to start from the beginning"
            )
