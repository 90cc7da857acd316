"""The flows over files: what is written, in which order, and always the same."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from mts1b_operations.events.fields import rfc3339
from mts1b_operations.events.streams import partition_of
from mts1b_operations.flows.backtest import backtest_flow
from mts1b_operations.flows.execution import execute
from mts1b_operations.flows.house import House
from mts1b_operations.settings.tree import SettingsTree
from tests.flow_processes import NOW_NS
from tests.trades import SETTINGS, START, trade_lines, write_lines

pytestmark = pytest.mark.unit

KINDS = ("readings", "alerts", "actions", "halts", "rejected")
Line = tuple[str, dict[str, object]]


def run(files: list[Path], out: Path, **settings: object) -> dict[str, list[dict[str, Any]]]:
    """Run a backtest; give what it wrote, by kind."""
    house = House(tree=SettingsTree.model_validate(settings or SETTINGS))
    execute(backtest_flow(files, out, house, NOW_NS, lambda _: None), recovery=None)
    return {
        kind: [json.loads(line) for line in (out / f"{kind}.jsonl").read_text().splitlines()]
        for kind in KINDS
    }


def event_file(path: Path, events: list[Line]) -> Path:
    lines = (json.dumps({"subject": subject, "payload": payload}) for subject, payload in events)
    path.write_text("".join(f"{line}\n" for line in lines))
    return path


def test_every_file_is_there_though_nothing_happened(tmp_path: Path) -> None:
    nothing = event_file(tmp_path / "nothing.jsonl", [])
    assert run([nothing], tmp_path / "out") == {kind: [] for kind in KINDS}


def test_results_of_an_earlier_run_are_gone(tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert run([write_lines(tmp_path / "trades.jsonl", trade_lines(3_000))], out)["readings"]
    assert not run([event_file(tmp_path / "nothing.jsonl", [])], out)["readings"]


def test_readings_of_a_key_are_in_order(tmp_path: Path) -> None:
    file = write_lines(tmp_path / "trades.jsonl", trade_lines(9_000))
    readings = run([file], tmp_path / "out")["readings"]
    buckets: dict[str, list[int]] = {}
    for one in readings:
        buckets.setdefault(one["key"], []).append(one["detail"]["bucket"])
    assert len(buckets) == 6
    assert all(one == list(range(len(one))) for one in buckets.values())


def test_files_follow_one_another(tmp_path: Path) -> None:
    """A recording that was cut into files is the recording."""
    lines = list(trade_lines(6_000))
    parts = (lines[:2_500], lines[2_500:])
    whole = run([write_lines(tmp_path / "whole.jsonl", iter(lines))], tmp_path / "one")
    files = [write_lines(tmp_path / f"{n}.jsonl", iter(part)) for n, part in enumerate(parts)]
    by_id = {one["id"]: one for one in whole["readings"]}
    assert {one["id"]: one for one in run(files, tmp_path / "two")["readings"]} == by_id


def test_two_runs_write_the_same_bytes(tmp_path: Path) -> None:
    file = write_lines(tmp_path / "trades.jsonl", trade_lines(9_000))
    with file.open("a") as lines:
        lines.write("no json\n")
    for out in ("first", "second"):
        assert run([file], tmp_path / out)["alerts"]
    for kind in KINDS:
        first, second = ((tmp_path / out / f"{kind}.jsonl") for out in ("first", "second"))
        assert first.read_bytes() == second.read_bytes()


def nav(day: int, amount: str) -> Line:
    moment = rfc3339(START + timedelta(days=day))
    return "mts.v1.portfolio.nav.alpha", {"fund_id": "alpha", "timestamp": moment, "nav": amount}


def test_what_cannot_be_read_is_kept_with_its_reason(tmp_path: Path) -> None:
    unknown: Line = ("mts.v1.marketdata.tick.IBM", {})
    elsewhere: Line = ("orders.IBM", {})
    file = event_file(tmp_path / "events.jsonl", [unknown, nav(0, "1"), elsewhere, nav(1, "NaN")])
    with file.open("a") as lines:
        lines.write("no json\n")
    said = run([file], tmp_path / "out")
    reasons = {one["sequence"]: one["reason"] for one in said["rejected"]}
    assert sorted(reasons) == [1, 3, 4, 5]
    assert "expected a subject of the registry" in reasons[1]
    assert "expected a subject of the registry" in reasons[3]
    assert reasons[4].startswith("nav: ")
    assert "expected a line" in reasons[5]
    assert {one["stream"] for one in said["rejected"]} == {file.name}
    assert {one["key"] for one in said["readings"]} == {"alpha"}


def test_events_of_a_fund_keep_their_order_whatever_their_subjects(tmp_path: Path) -> None:
    """A strategy that registers before the losses is the one that is halted for them."""
    assert partition_of("alpha") != partition_of("s1")
    moment = rfc3339(START + timedelta(days=1, hours=1))
    strategy: dict[str, object] = {"strategy_id": "s1", "fund_id": "alpha", "timestamp": moment}
    losses = [nav(day, amount) for day, amount in ((2, "50"), (3, "49"), (4, "48"))]
    events: list[Line] = [
        nav(0, "100"),
        nav(1, "100"),
        ("mts.v1.registry.strategy.s1", strategy),
        *losses,
    ]
    settings = {"watchdogs": {"portfolio_vol_dd": {"drawdown_limit": 0.2}}}
    said = run([event_file(tmp_path / "events.jsonl", events)], tmp_path / "out", **settings)
    # All of this is long past: the requests come as alerts about a stale halt.
    [stale] = [one for one in said["alerts"] if one["rule"] == "stale_halt"]
    assert stale["key"] == "s1"
    assert stale["reason"].startswith("STRATEGY_HALT")
