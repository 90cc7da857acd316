"""Raw batches and events for the tests of this folder."""

import json
from collections.abc import Sequence

from mts1b_operations.events.envelope import RawBatch

ARRIVAL_NS = 1_790_000_000_000_000_000
"""2026-09-21T14:13:20Z: when the stream took every message."""

BEFORE = "2026-09-21T14:13:19.000000Z"
NAV = "mts.v1.portfolio.nav.alpha"
TRADE = "mts.v1.marketdata.trade.IBM"


def batch(
    messages: Sequence[tuple[str, object]], stream: str = "S", partition: str = "3"
) -> RawBatch:
    """Make a batch of (subject, payload); bytes stay as they are, the rest becomes JSON."""
    made = RawBatch(stream, partition)
    for number, (subject, payload) in enumerate(messages, start=1):
        made.subjects.append(subject)
        made.payloads.append(
            payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        )
        made.sequences.append(number)
        made.arrivals_ns.append(ARRIVAL_NS)
        made.headers.append(b"")
    return made


def nav(fund: str = "alpha", amount: str = "1.5", **more: object) -> dict[str, object]:
    return {"fund_id": fund, "timestamp": BEFORE, "nav": amount, **more}


def trade(symbol: str = "IBM", price: float = 2.0, size: float = 3.0) -> dict[str, object]:
    return {"symbol": symbol, "timestamp": BEFORE, "price": price, "size": size}
