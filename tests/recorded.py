"""Real market data beside the repository, as event files; tests that need it skip without it."""

import csv
import gzip
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from mts1b_operations.events.fields import rfc3339

SHARED = Path(__file__).parents[2] / "shared"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

needs_shared = pytest.mark.skipif(
    not SHARED.exists(), reason="needs the recorded market data beside the repository"
)


def expected_vpin() -> dict[str, Any]:
    """Numbers that an independent implementation computed from the same data."""
    path = SHARED / "vectors" / "vpin_real_expected_visible.json"
    numbers: dict[str, Any] = json.loads(path.read_text())
    return numbers


def _line(subject: str, payload: dict[str, object]) -> str:
    return json.dumps({"subject": subject, "payload": payload}) + "\n"


def btc_trades(folder: Path) -> Path:
    """Write Binance's BTCUSDT trades of 2024-08-08 as an event file."""
    source = SHARED / "data" / "crypto_trades" / "binance_usdm_btcusdt_20240808_trades.csv.gz"
    target = folder / "btc.jsonl.gz"
    with gzip.open(source, "rt") as rows, gzip.open(target, "wt") as lines:
        for row in csv.DictReader(rows):
            moment = _EPOCH + timedelta(milliseconds=int(row["trade_ms"]))
            payload: dict[str, object] = {
                "symbol": "BTCUSDT",
                "timestamp": rfc3339(moment),
                "price": float(row["price"]),
                "size": float(row["qty"]),
                "trade_id": row["trade_id"],
                "side": "sell" if row["buyer_is_maker"] == "1" else "buy",
            }
            lines.write(_line("mts.v1.marketdata.trade.BTCUSDT", payload))
    return target


def minute_bars(folder: Path, symbol: str) -> Path:
    """Write one-minute bars of November 2018 as an event file; their local times stand as UTC."""
    target = folder / f"{symbol}.jsonl"
    with target.open("w") as lines:
        for bar in _bars(symbol):
            lines.write(_line(f"mts.v1.marketdata.bar.{symbol}", bar))
    return target


def _bars(symbol: str) -> Iterator[dict[str, object]]:
    with (SHARED / "data" / "equity_bars" / f"{symbol}_2018_11_22.csv").open() as rows:
        for row in csv.DictReader(rows):
            yield {
                "symbol": symbol,
                "timestamp": row["date"].replace(" ", "T") + "Z",
                "interval": "1m",
                "open": float(row["1. open"]),
                "high": float(row["2. high"]),
                "low": float(row["3. low"]),
                "close": float(row["4. close"]),
                "volume": float(row["5. volume"]),
            }
