"""Real trades, bars and returns against numbers of an independent implementation.

The data lie beside the repository and are no part of it; without them these tests skip.
"""

import csv
import gzip
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from mts1b_operations.events.contracts.alerts import Reading
from mts1b_operations.events.contracts.market import Bar, Trade
from mts1b_operations.events.contracts.portfolio import NavTick
from tests.unit.watchdogs.scenes import feed, readings, watch

SHARED = Path(__file__).parents[3].parent / "shared"

pytestmark = [
    pytest.mark.unit,
    pytest.mark.skipif(not SHARED.is_dir(), reason="no real data beside the repository"),
]


def expected(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((SHARED / "vectors" / name).read_text())
    return found


def equity_bars(symbol: str) -> Iterator[Bar]:
    with (SHARED / f"data/equity_bars/{symbol}_2018_11_22.csv").open() as file:
        for row in csv.DictReader(file):
            yield Bar(
                symbol=symbol,
                timestamp=datetime.fromisoformat(row["date"]).replace(tzinfo=UTC),
                interval="1m",
                open=float(row["1. open"]),
                high=float(row["2. high"]),
                low=float(row["3. low"]),
                close=float(row["4. close"]),
                volume=float(row["5. volume"]),
            )


def crypto_trades() -> Iterator[Trade]:
    path = SHARED / "data/crypto_trades/binance_usdm_btcusdt_20240808_trades.csv.gz"
    with gzip.open(path, "rt") as file:
        for row in csv.DictReader(file):
            yield Trade(
                symbol="BTCUSDT",
                timestamp=datetime.fromtimestamp(0, UTC)
                + timedelta(milliseconds=int(row["trade_ms"])),
                price=float(row["price"]),
                size=float(row["qty"]),
            )


def known(said: list[Reading]) -> list[float]:
    return [one.value for one in said if one.value is not None]


@pytest.mark.parametrize("symbol", ["AAPL", "INTC"])
def test_vpin_of_minute_bars(symbol: str) -> None:
    row = expected("vpin_real_expected_visible.json")[f"{symbol}_1min"]
    sigma = row["sigma_bar_volume_weighted"]
    watched = watch("vpin", symbol, {"bucket_volume": row["bucket"], "sigma": sigma})

    said = readings(feed(watched, list(equity_bars(symbol))))

    values = known(said)
    highest = max(said, key=lambda one: one.value or 0)
    assert len(said) == row["n_buckets"]
    assert [one.detail["buy_volume"] for one in said[:3]] == pytest.approx(
        row["first_3_buckets_buy"], rel=1e-9
    )
    assert (values[0], values[-1]) == pytest.approx(
        (row["vpin50_first"], row["vpin50_last"]), rel=1e-9
    )
    assert highest.value == pytest.approx(row["vpin50_max"], rel=1e-9)
    assert highest.detail["bar"].startswith(row["vpin50_max_at"].replace(" ", "T"))
    assert sum(value > 0.4 for value in values) / len(values) == row["share_above_0_4"]


@pytest.mark.parametrize("symbol", ["AAPL", "INTC"])
def test_distribution_of_past_vpin(symbol: str) -> None:
    """The vectors count a value among its own past; a watchdog must not."""
    row = expected("vpin_real_expected_visible.json")[f"{symbol}_1min"]
    method = {"bucket_volume": row["bucket"], "sigma": row["sigma_bar_volume_weighted"]}
    watched = watch("vpin", symbol, {**method, "rule": "cdf"})

    last = readings(feed(watched, list(equity_bars(symbol))))[-1]

    past = last.detail["cdf_history"]
    assert (last.detail["cdf"] * past + 1) / (past + 1) == pytest.approx(row["cdf_last"], rel=1e-9)


def test_vpin_of_crypto_trades() -> None:
    """The stream never says that its last bar has ended; the buckets are complete without it."""
    row = expected("vpin_real_expected_visible.json")["usdm_btcusdt_20240808"]
    method = {
        "bucket_volume": row["bucket_units"],
        "lot_size": row["unit"],
        "sigma": row["sigma_bar_volume_weighted"],
        "bar_interval": "1s",
        "session": None,
    }

    said = readings(feed(watch("vpin", "BTCUSDT", {**method, "window": 20}), list(crypto_trades())))
    whole = readings(
        feed(watch("vpin", "BTCUSDT", {**method, "window": 60}), list(crypto_trades()))
    )

    assert len(said) == row["n_buckets"]
    assert [one.detail["buy_volume"] for one in said[:3]] == pytest.approx(
        row["first_3_buckets_buy_units_elo"], rel=1e-9
    )
    assert known(said)[-5:] == pytest.approx(row["rolling20_elo_last5"], rel=1e-9)
    assert known(whole) == [pytest.approx(row["vpin"]["elo_time_bar_bvc"], rel=1e-9)]


def test_risk_of_a_real_fund() -> None:
    row = expected("real_fund_expected.json")["fund_pyfolio_returns"]
    with gzip.open(SHARED / "data/fund/pyfolio_test_returns.csv.gz", "rt") as file:
        days = [(datetime.fromisoformat(when), float(one)) for when, one in csv.reader(file)]
    level = 1.0
    prints = [_print(days[0][0] - timedelta(days=1), level)]
    for when, one in days:
        level *= 1 + one
        prints.append(_print(when, level))

    said = readings(feed(watch("portfolio_vol_dd", "fund", {}), prints))

    volatility = [one.value for one in said if one.rule == "realised_vol"][1:]
    falls = [one for one in said if one.rule == "drawdown"][1:]
    highest = max(range(len(volatility)), key=lambda index: volatility[index] or 0)
    deepest = min(range(len(falls)), key=lambda index: falls[index].value or 0)
    assert (highest, deepest) == (row["rv20_argmax"], row["max_dd_index"])
    assert volatility[highest] == pytest.approx(row["rv20_max"], rel=1e-9)
    assert volatility[-1] == pytest.approx(row["rv20_last"], rel=1e-9)
    assert falls[-1].detail["max_drawdown"] == pytest.approx(row["max_drawdown"], rel=1e-9)
    assert falls[-1].detail["level"] == pytest.approx(row["last_nav"], rel=1e-9)


def _print(when: datetime, level: float) -> NavTick:
    return NavTick(fund_id="fund", timestamp=when, nav=Decimal(repr(level)))
