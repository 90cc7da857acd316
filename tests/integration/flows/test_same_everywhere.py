"""Real data through NATS and through files: the same readings, and the numbers of others."""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from mts1b_operations.events.streams import READINGS
from mts1b_operations.local.nats import NatsServer
from tests.flow_processes import FlowProcess, Tail, by_id, flow_process, make_streams
from tests.recorded import btc_trades, expected_vpin, minute_bars, needs_shared

pytestmark = [pytest.mark.integration, needs_shared]

Said = dict[str, dict[str, Any]]


def command(*arguments: str, **environment: str) -> str:
    """Run the command line as a user would; fails with what it said."""
    done = subprocess.run(
        [sys.executable, "-m", "mts1b_operations.cli.main", *arguments],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def through_files(files: list[Path], settings: Path, out: Path) -> Said:
    command("backtest", *map(str, files), "--out", str(out), "--settings", str(settings))
    lines = [json.loads(line) for line in (out / "readings.jsonl").read_text().splitlines()]
    return {line.pop("id"): line for line in lines}


def through_nats(server: NatsServer, files: list[Path], settings: Path, wanted: int) -> Said:
    asyncio.run(make_streams(server))
    environment = {
        "MTS_NATS_URL": server.url,
        "MTS_NATS_USER": "admin",
        "MTS_NATS_PASSWORD": server.passwords["admin"],
    }
    command("replay", *map(str, files), **environment)
    tail = Tail(server, READINGS, "mts.v1.operations.reading.*")
    with flow_process(FlowProcess(server, settings.parent / "live", settings)) as flow:
        emissions = tail.until(wanted, flow=flow)
    tail.close()
    return by_id(emissions)


def vpin_settings(folder: Path, **method: object) -> Path:
    path = folder / "settings.json"
    path.write_text(json.dumps({"watchdogs": {"vpin": method}}))
    return path


def of(readings: Said, key: str) -> list[dict[str, Any]]:
    """Give the readings of one symbol in order of their buckets."""
    ours = [one for one in readings.values() if one["key"] == key]
    return sorted(ours, key=lambda one: one["detail"]["bucket"])


def bought(readings: list[dict[str, Any]]) -> list[float]:
    return [one["detail"]["buy_volume"] for one in readings]


def test_btc_trades(nats_server: NatsServer, tmp_path: Path) -> None:
    numbers = expected_vpin()["usdm_btcusdt_20240808"]
    settings = vpin_settings(
        tmp_path,
        bucket_volume=numbers["bucket_units"],
        lot_size=numbers["unit"],
        bar_interval="1s",
        sigma=numbers["sigma_bar_volume_weighted"],
        session=None,
    )
    files = [btc_trades(tmp_path)]
    readings = through_files(files, settings, tmp_path / "out")
    assert through_nats(nats_server, files, settings, len(readings)) == readings
    btc = of(readings, "BTCUSDT")
    assert len(btc) == numbers["n_buckets"]
    assert bought(btc)[:3] == pytest.approx(numbers["first_3_buckets_buy_units_elo"], rel=1e-9)
    bucket = numbers["bucket_units"]
    imbalances = [abs(bucket - 2 * one) / bucket for one in bought(btc)]
    mean = sum(imbalances) / len(imbalances)
    assert mean == pytest.approx(numbers["vpin"]["elo_time_bar_bvc"], rel=1e-9)
    last = [sum(imbalances[end - 20 : end]) / 20 for end in range(56, 61)]
    assert last == pytest.approx(numbers["rolling20_elo_last5"], rel=1e-9)
    assert btc[-1]["value"] == pytest.approx(sum(imbalances[-50:]) / 50, rel=1e-9)


def test_minute_bars_of_two_shares(nats_server: NatsServer, tmp_path: Path) -> None:
    numbers = {symbol: expected_vpin()[f"{symbol}_1min"] for symbol in ("AAPL", "INTC")}
    symbols = {
        symbol: {"bucket_volume": one["bucket"], "sigma": one["sigma_bar_volume_weighted"]}
        for symbol, one in numbers.items()
    }
    settings = vpin_settings(tmp_path, session="date", symbols=symbols)
    files = [minute_bars(tmp_path, symbol) for symbol in numbers]
    readings = through_files(files, settings, tmp_path / "out")
    assert through_nats(nats_server, files, settings, len(readings)) == readings
    for symbol, expected in numbers.items():
        ours = of(readings, symbol)
        values = [one["value"] for one in ours if one["value"] is not None]
        assert len(ours) == expected["n_buckets"]
        assert bought(ours)[:3] == pytest.approx(expected["first_3_buckets_buy"], rel=1e-9)
        assert values[0] == pytest.approx(expected["vpin50_first"], rel=1e-9)
        assert max(values) == pytest.approx(expected["vpin50_max"], rel=1e-9)
        assert values[-1] == pytest.approx(expected["vpin50_last"], rel=1e-9)
        assert all(one["state"] == "unknown" for one in ours[:49])
