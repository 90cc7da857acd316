"""The console examples of the pages are run, and print what the pages say they print."""

import os
import subprocess
import sysconfig
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.pages import PAGES, ROOT, blocks

pytestmark = pytest.mark.integration

ANYTHING = "..."
"""Stands in a page for output that is not compared; the command must succeed."""

WITH_EXAMPLES = [
    page for page in PAGES if any(one.words == "run" for one in blocks(page, "console"))
]


def _commands(page: Path) -> Iterator[tuple[str, list[str]]]:
    """Give each command of a page with the lines that it should print."""
    for block in blocks(page, "console"):
        if block.words != "run":
            continue
        for part in block.text.removeprefix("$ ").split("\n$ "):
            command, *expected = part.strip().splitlines()
            yield command, expected


def _write_files(page: Path, folder: Path) -> None:
    """Give the examples the files that the page shows."""
    examples = list(blocks(page, "json"))
    events = [one.text for one in examples if '"subject"' in one.text]
    (folder / "events.jsonl").write_text("".join(events))
    for one in examples:
        if one.words:
            (folder / one.words).write_text(one.text)


def _run(command: str, folder: Path) -> "subprocess.CompletedProcess[str]":
    path = f"{sysconfig.get_path('scripts')}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        ["sh", "-c", command],
        cwd=folder,
        env={"PATH": path, "HOME": str(folder), "COLUMNS": "200"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("page", WITH_EXAMPLES, ids=lambda page: str(page.relative_to(ROOT)))
def test_examples_print_what_the_page_says(page: Path, tmp_path: Path) -> None:
    _write_files(page, tmp_path)
    for command, expected in _commands(page):
        done = _run(command, tmp_path)
        if expected == [ANYTHING]:
            assert done.returncode == 0, (command, done.stdout)
        else:
            assert done.stdout.splitlines() == expected, command


def test_there_are_examples() -> None:
    assert WITH_EXAMPLES
