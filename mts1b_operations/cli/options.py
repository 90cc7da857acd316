"""Options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

from mts1b_operations.local.stack import DATA_DIR

DataDir = Annotated[Path, typer.Option("--data-dir", help="Where the local stack keeps its data.")]
"""The data directory of the local stack."""

DEFAULT_DATA_DIR = DATA_DIR

SettingsFile = Annotated[
    Path | None, typer.Option("--settings", help="Settings file (JSON), beneath the vault's.")
]
"""A settings file, beneath what the vault holds."""
