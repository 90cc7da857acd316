"""`mts1b-operations schema`: the contracts as files that other services can use."""

import json
from pathlib import Path
from typing import Annotated

import typer
import yaml

from mts1b_operations.cli.errors import MendableError, one_clear_line
from mts1b_operations.events.asyncapi import asyncapi
from mts1b_operations.events.schemas import URN, contracts, json_schema

app = typer.Typer(help="The contracts as JSON Schema and AsyncAPI.", no_args_is_help=True)

_DRIFTED = 1
_FOLDER = Path("schemas")

Folder = Annotated[Path, typer.Option("--out", help="The folder that holds the files.")]


@app.callback()
def schema() -> None:
    """Write the contracts as files, or compare the files with them."""


@app.command()
def export(out: Folder = _FOLDER) -> None:
    """Write a JSON Schema of every contract and asyncapi.yaml; remove those of no contract."""
    with one_clear_line():
        documents = _documents()
        try:
            out.mkdir(parents=True, exist_ok=True)
            for name, text in documents.items():
                (out / name).write_text(text, encoding="utf-8")
            for path in _left_over(out, documents):
                path.unlink()
        except OSError as failure:
            raise MendableError(
                f"--out: expected a folder that can be written, found {failure}"
            ) from failure
    typer.echo(f"wrote {len(documents)} files to {out}")


@app.command()
def check(out: Folder = _FOLDER) -> None:
    """Exit with 1 if a file is not what the contracts say, naming each."""
    documents = _documents()
    drifted = [f"{out / name}: {fault}" for name, fault in _faults(out, documents)]
    drifted += [f"{path}: no contract has this name" for path in _left_over(out, documents)]
    if not drifted:
        typer.echo(f"{len(documents)} files in {out} are as the contracts say")
        return
    for line in drifted:
        typer.echo(f"mts1b-operations: {line}", err=True)
    typer.echo(f"mts1b-operations: run: mts1b-operations schema export --out {out}", err=True)
    raise typer.Exit(_DRIFTED)


def _documents() -> dict[str, str]:
    """Give every file's text by its name."""
    texts = {f"{model.__name__}.json": _json(json_schema(model)) for model in contracts()}
    described = yaml.safe_dump(asyncapi(), sort_keys=False, allow_unicode=True, width=100)
    heading = "# Generated from the contracts: mts1b-operations schema export\n"
    return {**texts, "asyncapi.yaml": heading + described}


def _json(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def _faults(out: Path, documents: dict[str, str]) -> list[tuple[str, str]]:
    found = {name: _text(out / name) for name in documents}
    return [
        (name, "missing" if found[name] is None else "differs from the contracts")
        for name, text in documents.items()
        if found[name] != text
    ]


def _text(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, UnicodeDecodeError) as failure:
        return str(failure)


def _left_over(out: Path, documents: dict[str, str]) -> list[Path]:
    """Find schemas that were generated for contracts which exist no more."""
    others = sorted(path for path in out.glob("*.json") if path.name not in documents)
    return [path for path in others if f'"$id": "{URN}' in (_text(path) or "")]
