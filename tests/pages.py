"""The project's pages, and the fenced blocks in them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGES = sorted([ROOT / "README.md", ROOT / "CHANGELOG.md", *ROOT.glob("docs/**/*.md")])

_FENCE = re.compile(r"^```(\w+)[ ]?([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, the words after it, and its text."""

    language: str
    words: str
    text: str


def blocks(page: Path, language: str) -> Iterator[Block]:
    """Give the blocks of a page in one language, in order."""
    for found in _FENCE.finditer(page.read_text()):
        if found[1] == language:
            yield Block(*found.groups())
