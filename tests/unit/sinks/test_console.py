from io import StringIO
from typing import Literal

import pytest
from rich.console import Console

from mts1b_operations.events.envelope import Emission
from mts1b_operations.sinks.console import ConsoleSink
from tests.unit.sinks.samples import action, alert, emitted, gap, halt, reading, rejected

pytestmark = pytest.mark.unit


def printed(*emissions: Emission, terminal: bool = False) -> str:
    colours: Literal["truecolor", "auto"] = "truecolor" if terminal else "auto"
    console = Console(file=StringIO(), force_terminal=terminal, color_system=colours, width=40)
    part = ConsoleSink(console).build_part("out", "0", None)
    part.write_batch(list(emissions))
    part.snapshot()
    part.close()
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


def test_each_event_is_one_plain_line() -> None:
    assert printed(alert(1), action(1), halt(1)).splitlines() == [
        "14:30:01 firing critical vpin AAPL 0.52 against 0.4 · fund alpha",
        "14:30:01 action throttle AAPL · VPIN above 0.4",
        "14:30:01 FUND_HALT alpha · daily loss 3.1% above 3%",
    ]


def test_readings_and_the_rest_are_not_printed() -> None:
    assert printed(reading(1), rejected(1), gap(1)) == ""


def test_a_terminal_gets_colour() -> None:
    assert "\x1b[1;31m" in printed(alert(1), terminal=True)
    assert "\x1b[" not in printed(alert(1), terminal=False)


def test_markup_and_line_breaks_in_a_reason_are_only_text() -> None:
    event = halt(1).event.model_copy(update={"reason": "[red]first\nsecond[/red]\x1b[2J"})
    lines = printed(emitted(event, 1)).splitlines()
    assert lines == ["14:30:01 FUND_HALT alpha · [red]first second[/red] [2J"]
