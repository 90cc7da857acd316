"""What the pages show is so: links lead somewhere, and examples of events are events."""

import json
import re
import time
from pathlib import Path

import pytest

from mts1b_operations.events.decode import decode
from mts1b_operations.events.envelope import RawMessage
from mts1b_operations.settings.tree import SettingsTree
from mts1b_operations.watchdogs.registry import check
from tests.pages import PAGES, ROOT, Block, blocks

pytestmark = pytest.mark.unit

_LINK = re.compile(r"\]\(([^)\s]+)\)")
_PATH_IN_CODE = re.compile(r"`((?:tests|mts1b_operations|docker|schemas|docs)/[\w./-]+)`")

JSON_BLOCKS = [block for page in PAGES for block in blocks(page, "json")]
EVENTS = [block for block in JSON_BLOCKS if '"subject"' in block.text]
SETTINGS = [block for block in JSON_BLOCKS if block.words == "settings.json"]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_and_path_leads_somewhere(page: Path) -> None:
    text = page.read_text()
    links = [link.split("#")[0] for link in _LINK.findall(text) if "://" not in link]
    missing = [link for link in links if link and not (page.parent / link).exists()]
    missing += [path for path in _PATH_IN_CODE.findall(text) if not (ROOT / path).exists()]
    assert missing == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_anchor_is_a_heading(page: Path) -> None:
    for link in _LINK.findall(page.read_text()):
        target, _, anchor = link.partition("#")
        if anchor and "://" not in link:
            lines = (page.parent / target).read_text().splitlines()
            headings = [line.lstrip("# ") for line in lines if line.startswith("#")]
            assert anchor in [heading.lower().replace(" ", "-") for heading in headings]


@pytest.mark.parametrize("block", EVENTS)
def test_an_example_of_an_event_is_one(block: Block) -> None:
    line = json.loads(block.text)
    payload = json.dumps(line["payload"]).encode()
    assert decode(RawMessage(line["subject"], payload, 1, time.time_ns())).reasons == []


@pytest.mark.parametrize("block", SETTINGS)
def test_an_example_of_settings_is_valid(block: Block) -> None:
    check(SettingsTree.model_validate_json(block.text))


def test_there_are_examples_to_check() -> None:
    assert EVENTS
    assert SETTINGS
