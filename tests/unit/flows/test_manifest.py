"""A recovery store belongs to one shape of one flow: anything else is refused by name."""

import json
from pathlib import Path

import bytewax.operators as op
import pytest
from bytewax.dataflow import Dataflow
from bytewax.testing import TestingSink, TestingSource

from mts1b_operations.events.streams import PARTITIONS
from mts1b_operations.flows.manifest import (
    RECOVERY_PARTITIONS,
    Manifest,
    ManifestMismatchError,
    manifest_of,
    recovery_config,
)
from mts1b_operations.watchdogs.registry import WATCHDOGS

pytestmark = pytest.mark.unit


def flow(name: str = "market", *, console: bool = False, step: str = "double") -> Dataflow:
    made = Dataflow(name)
    stream = op.map(step, op.input("in", made, TestingSource([1])), lambda one: 2 * one)
    op.output("out", stream, TestingSink([]))
    if console:
        op.output("market_console", stream, TestingSink([]))
    return made


def parts(directory: Path) -> list[Path]:
    return sorted(directory.glob("part-*.sqlite3"))


def test_a_store_is_made_with_its_manifest(tmp_path: Path) -> None:
    store = tmp_path / "deep" / "store"
    recovery_config(flow(), store)
    written = Manifest.model_validate_json((store / "manifest.json").read_bytes())
    assert written == manifest_of(flow())
    assert len(parts(store)) == RECOVERY_PARTITIONS


def test_a_store_is_opened_again_untouched(tmp_path: Path) -> None:
    recovery_config(flow(), tmp_path)
    before = [(path, path.stat().st_mtime_ns) for path in sorted(tmp_path.iterdir())]
    recovery_config(flow(), tmp_path)
    assert [(path, path.stat().st_mtime_ns) for path in sorted(tmp_path.iterdir())] == before


def test_a_manifest_holds_what_state_depends_on() -> None:
    manifest = manifest_of(flow())
    assert manifest.flow == "market"
    assert manifest.partitions == PARTITIONS
    assert "market.double" in manifest.steps
    assert set(manifest.state_schemas) == {"shard", *WATCHDOGS}


@pytest.mark.parametrize(
    ("field", "other"),
    [
        ("flow", "portfolio"),
        ("flow_version", 0),
        ("partitions", PARTITIONS + 1),
        ("recovery_partitions", RECOVERY_PARTITIONS + 1),
        ("steps", ["market.in"]),
        ("state_schemas", {"shard": 0}),
    ],
)
def test_every_field_that_differs_is_refused_by_name(
    tmp_path: Path, field: str, other: object
) -> None:
    recovery_config(flow(), tmp_path)
    path = tmp_path / "manifest.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), field: other}))
    with pytest.raises(ManifestMismatchError) as refused:
        recovery_config(flow(), tmp_path)
    assert f"expected {field} " in str(refused.value)
    assert f"found {other!r}" in str(refused.value)
    assert str(tmp_path) in str(refused.value)


def test_every_field_of_the_manifest_is_among_those() -> None:
    tested = {"flow", "flow_version", "partitions", "recovery_partitions", "steps", "state_schemas"}
    assert set(Manifest.model_fields) == tested


def test_a_flow_with_another_step_is_refused(tmp_path: Path) -> None:
    recovery_config(flow(), tmp_path)
    with pytest.raises(ManifestMismatchError, match="expected steps"):
        recovery_config(flow(step="treble"), tmp_path)


def test_the_console_may_come_and_go(tmp_path: Path) -> None:
    recovery_config(flow(console=True), tmp_path)
    recovery_config(flow(), tmp_path)
    recovery_config(flow(console=True), tmp_path)


def test_a_store_whose_making_was_cut_short_is_made_anew(tmp_path: Path) -> None:
    """What lies there without a manifest has never been run on."""
    (tmp_path / "part-0.sqlite3").write_text("half")
    (tmp_path / "part-7.sqlite3-wal").write_text("left over")
    (tmp_path / "manifest.partial").write_text("{")
    recovery_config(flow(), tmp_path)
    assert len(parts(tmp_path)) == RECOVERY_PARTITIONS
    assert all(path.read_bytes().startswith(b"SQLite format 3") for path in parts(tmp_path))
    assert not list(tmp_path.glob("part-7*"))
    assert not list(tmp_path.glob("*.partial"))


@pytest.mark.parametrize("content", ["", "{", "[]", '{"flow": "market"}'])
def test_a_manifest_that_is_none_is_never_overwritten(tmp_path: Path, content: str) -> None:
    path = tmp_path / "manifest.json"
    path.write_text(content)
    with pytest.raises(ManifestMismatchError, match="expected a recovery manifest"):
        recovery_config(flow(), tmp_path)
    assert path.read_text() == content
