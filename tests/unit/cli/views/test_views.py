"""What the live view and the summary say."""

import threading
from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from rich.console import Console, RenderableType

from mts1b_operations.cli.views.facts import Intake, Moment, ProcessState, Seen
from mts1b_operations.cli.views.live import line, panel, watch
from mts1b_operations.cli.views.marks import Marks, mark
from mts1b_operations.cli.views.summary import Summary, as_json, rendered
from mts1b_operations.events.contracts.alerts import Alert, Evidence
from mts1b_operations.events.contracts.halts import HaltRequest
from mts1b_operations.local.market.ground_truth import Episode

pytestmark = pytest.mark.unit

NOW = datetime(2026, 3, 2, 15, tzinfo=UTC)
INTAKE = Intake(messages=1_000, events=12_345, event_time=NOW, seconds=5)
EPISODE = Episode(
    name="daily loss",
    watchdog="portfolio_vol_dd",
    rule="daily_loss",
    key="beta",
    fund_id="beta",
    start=NOW,
    end=NOW + timedelta(hours=6),
    explains_until=NOW + timedelta(hours=6),
)
ALERT = Alert(
    alert_id="a1",
    watchdog="portfolio_vol_dd",
    key="beta",
    fund_id="beta",
    severity="critical",
    state="firing",
    value=0.034,
    threshold=0.025,
    timestamp=NOW + timedelta(minutes=90),
    since=NOW,
    rule="daily_loss",
    rule_version="1-abc",
    evidence=Evidence(stream="s", first_seq=1, last_seq=2, window_end=NOW, method="m"),
)
HALT = HaltRequest(
    halt_id="h1",
    level="FUND_HALT",
    scope_id="beta",
    reason="lost [3.4%] of its opening NAV",
    requested_by="portfolio_vol_dd",
    timestamp=NOW + timedelta(minutes=90),
    alert_id="a1",
    origin="watchdog",
)


def text_of(view: RenderableType) -> str:
    console = Console(file=StringIO(), width=120, force_terminal=False)
    with console.capture() as capture:
        console.print(view)
    return capture.get()


def seen_all() -> Seen:
    seen = Seen(readings=77)
    for event in (ALERT, HALT):
        seen.saw(event)
    return seen


def moment(seen: Seen | None = None, processes: tuple[ProcessState, ...] = ()) -> Moment:
    return Moment(INTAKE, seen or seen_all(), 4_321, processes)


def summary(marks: Marks | None = None, verified: bool = True) -> Summary:
    return Summary(
        seed=7,
        intake=INTAKE,
        seen=seen_all(),
        marks=marks or mark([ALERT], [HALT], [EPISODE]),
        entries=4_321,
        verified=verified,
        verification="✓ 4321 entries, chain integrity OK, no gaps",
    )


def test_a_line_holds_the_numbers() -> None:
    assert line(moment()) == (
        "5 s · event time 2026-03-02 15:00 · 12,345 events (2,469/s) · 77 readings · 1 firing · "
        "1 halt · 4,321 audit entries"
    )


def test_a_line_names_what_is_wrong() -> None:
    seen = Seen(rejected=3, gaps=1)
    processes = (ProcessState("market", "running"), ProcessState("audit", "restarting", 4))
    said = line(moment(seen=seen, processes=processes))
    assert said.endswith("3 rejected, 1 gap · audit restarting")


def test_a_panel_shows_alerts_halts_and_processes() -> None:
    processes = (ProcessState("audit", "running", 4), ProcessState("market", "down"))
    text = text_of(panel(moment(processes=processes)))
    assert "1 alert firing" in text
    assert "0.034 / 0.025" in text
    assert "FUND_HALT beta: lost [3.4%] of its opening NAV" in text
    assert "● audit (4 restarts)   ✗ market down" in text


def test_a_quiet_panel_says_so() -> None:
    quiet = Moment(Intake(0, 0, None, 0), Seen(), 0)
    assert "no alert fires (0 so far)" in text_of(panel(quiet))


def test_off_a_terminal_the_last_moment_is_a_line() -> None:
    ended = threading.Event()
    ended.set()
    console = Console(file=StringIO(), width=60, force_terminal=False)
    watch(moment, ended, console)
    assert isinstance(console.file, StringIO)
    assert console.file.getvalue() == line(moment()) + "\n"


def test_the_summary_shows_delay_halt_and_verification() -> None:
    text = text_of(rendered(summary()))
    assert "seed 7: 12,345 events in 1,000 messages in 5.0 s (2,469 events/s)" in text
    assert "1 h 30 min" in text
    assert "FUND_HALT beta: asked for 1 h 30 min after the daily loss" in text
    assert "no false alarm" in text
    assert "✓ 4321 entries, chain integrity OK, no gaps" in text


def test_the_summary_shows_what_was_missed_and_what_was_false() -> None:
    stray = ALERT.model_copy(update={"key": "alpha"})
    text = text_of(rendered(summary(mark([stray], [HALT], [EPISODE]))))
    assert "missed" in text
    assert "false alarm: portfolio_vol_dd daily_loss alpha" in text
    assert "halt without a cause: lost [3.4%]" in text


def test_the_summary_passes_only_when_all_is_well() -> None:
    assert as_json(summary())["passed"] is True
    assert as_json(summary(verified=False))["passed"] is False
    assert as_json(summary(mark([], [], [EPISODE])))["passed"] is False


def test_the_json_summary_gives_delays_in_seconds() -> None:
    (episode,) = as_json(summary())["episodes"]
    assert episode["delay_seconds"] == 5400
    assert (episode["caught"], episode["alert_id"], episode["halt_id"]) == (True, "a1", "h1")
