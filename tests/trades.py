"""Made-up trades for tests: many, cheap, and always the same."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from mts1b_operations.events.fields import rfc3339

START = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
SYMBOLS = tuple(f"SYM{number}" for number in range(6))
SETTINGS = {
    "watchdogs": {"vpin": {"bucket_volume": 2000, "window": 10, "session": None, "sigma": 0.05}}
}


def trade_lines(count: int, seed: int = 7, first: int = 0) -> Iterator[tuple[str, bytes]]:
    """Give `count` (subject, payload), a trade every 300 ms, symbols in turn.

    The `first` of them trades that many steps after the start of the day.
    """
    rng = np.random.default_rng(seed)
    steps = rng.normal(0, 0.02, count)
    sizes = rng.integers(1, 200, count)
    prices = dict.fromkeys(SYMBOLS, 100.0)
    for number in range(count):
        symbol = SYMBOLS[number % len(SYMBOLS)]
        prices[symbol] = round(prices[symbol] + steps[number], 4)
        payload = {
            "symbol": symbol,
            "timestamp": rfc3339(START + timedelta(milliseconds=300 * (first + number))),
            "price": prices[symbol],
            "size": int(sizes[number]),
        }
        yield f"mts.v1.marketdata.trade.{symbol}", json.dumps(payload).encode()


def write_lines(path: Path, lines: Iterator[tuple[str, bytes]]) -> Path:
    """Write an event file."""
    with path.open("w") as file:
        for subject, payload in lines:
            line = {"subject": subject, "payload": json.loads(payload)}
            file.write(json.dumps(line) + "\n")
    return path
