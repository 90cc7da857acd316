"""`schema export` and `schema check`: files that cannot drift unseen."""

from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner, Result

from mts1b_operations.cli.commands.schema import app
from mts1b_operations.events.asyncapi import asyncapi
from mts1b_operations.events.schemas import contracts

pytestmark = pytest.mark.unit

ROOT = Path(__file__).parents[4]


def _run(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    out = tmp_path_factory.mktemp("exported")
    assert _run("export", "--out", str(out)).exit_code == 0
    return {path.name: path.read_bytes() for path in out.iterdir()}


@pytest.fixture
def folder(tmp_path: Path, exported: dict[str, bytes]) -> Path:
    for name, content in exported.items():
        (tmp_path / name).write_bytes(content)
    return tmp_path


def test_the_files_of_the_project_are_as_the_contracts_say() -> None:
    result = _run("check", "--out", str(ROOT / "schemas"))
    assert result.exit_code == 0, result.output


def test_every_contract_has_a_file(exported: dict[str, bytes]) -> None:
    names = {f"{model.__name__}.json" for model in contracts()}
    assert set(exported) == names | {"asyncapi.yaml"}


def test_the_yaml_reads_back_as_the_document(exported: dict[str, bytes]) -> None:
    text = exported["asyncapi.yaml"].decode()
    assert yaml.safe_load(text) == asyncapi()
    assert "&id" not in text


def test_an_export_repeats_byte_for_byte(folder: Path, exported: dict[str, bytes]) -> None:
    assert _run("export", "--out", str(folder)).exit_code == 0
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == exported


def test_check_passes_over_what_export_wrote(folder: Path) -> None:
    assert _run("check", "--out", str(folder)).exit_code == 0


def test_check_names_each_file_that_drifted_and_the_cure(folder: Path) -> None:
    (folder / "Trade.json").write_text("{}")
    (folder / "Bar.json").unlink()
    (folder / "asyncapi.yaml").write_bytes(b"\xff")
    result = _run("check", "--out", str(folder))
    assert result.exit_code == 1
    assert f"{folder / 'Trade.json'}: differs" in result.stderr
    assert f"{folder / 'Bar.json'}: missing" in result.stderr
    assert f"{folder / 'asyncapi.yaml'}: differs" in result.stderr
    assert "Quote.json" not in result.stderr
    assert f"mts1b-operations schema export --out {folder}" in result.stderr


def test_a_schema_without_a_contract_is_named_then_removed(folder: Path) -> None:
    gone, other = folder / "Gone.json", folder / "openapi.json"
    gone.write_text((folder / "Trade.json").read_text().replace("v1:Trade", "v1:Gone"))
    other.write_text("{}")
    result = _run("check", "--out", str(folder))
    assert result.exit_code == 1
    assert f"{gone}: no contract" in result.stderr
    assert "openapi" not in result.stderr
    assert _run("export", "--out", str(folder)).exit_code == 0
    assert not gone.exists()
    assert other.exists()


def test_check_of_an_absent_folder_names_every_file(tmp_path: Path) -> None:
    result = _run("check", "--out", str(tmp_path / "absent"))
    assert result.exit_code == 1
    assert result.stderr.count(": missing") == len(contracts()) + 1


def test_a_folder_that_cannot_be_written_is_one_clear_line(tmp_path: Path) -> None:
    taken = tmp_path / "taken"
    taken.write_text("")
    result = _run("export", "--out", str(taken))
    assert result.exit_code == 2
    assert "--out: expected a folder that can be written" in result.stderr
    assert len(result.stderr.splitlines()) == 1
