"""Messages that are wrong, each in one way, and what a refusal must say of each."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random

Line = tuple[str, bytes]
Trade = dict[str, object]

_PREFIX = "mts.v1.marketdata"


@dataclass(frozen=True)
class Kind:
    """One way to be wrong: what the reason must hold, and how to spoil a good trade.

    Where `keeps`, the message holds the good trade beside the bad one.
    """

    reason: str
    spoil: Callable[[Trade], bytes]
    subject: str = "trade"
    keeps: bool = False


def _with(**fields: object) -> Callable[[Trade], bytes]:
    return lambda trade: json.dumps({**trade, **fields}).encode()


def _without(field: str) -> Callable[[Trade], bytes]:
    return lambda trade: json.dumps({k: v for k, v in trade.items() if k != field}).encode()


def _columns(trade: Trade, prices: int) -> bytes:
    batch = {
        "symbol": trade["symbol"],
        "timestamps": [trade["timestamp"]] * 3,
        "prices": [trade["price"]] * prices,
        "sizes": [trade["size"]] * 3,
    }
    return json.dumps(batch).encode()


def _beside_a_good_one(trade: Trade) -> bytes:
    return json.dumps([trade, {**trade, "price": None}]).encode()


KINDS = {
    "not JSON": Kind("Invalid JSON", lambda trade: json.dumps(trade).encode()[:-9]),
    "not text": Kind("payload", lambda trade: b"\xff\xfe" + json.dumps(trade).encode()),
    "not an object": Kind("object", lambda trade: json.dumps(trade["price"]).encode()),
    "wrong type": Kind("price", _with(price="dear")),
    "missing field": Kind("size: Field required", _without("size")),
    "unknown subject": Kind("a subject of the registry", _with(), subject="tick"),
    "NaN": Kind("price", _with(price=float("nan"))),
    "infinite": Kind("size", _with(size=float("inf"))),
    "negative size": Kind("size", _with(size=-1)),
    "other symbol": Kind("symbol: expected 'SYM", _with(symbol="OTHER")),
    "far future": Kind("timestamp: expected at most", _with(timestamp="2099-01-01T00:00:00Z")),
    "no time zone": Kind("timestamp", _with(timestamp="2026-03-02T09:30:00")),
    "empty array": Kind("payload", lambda _: b"[]"),
    "bad element": Kind("price", _beside_a_good_one, keeps=True),
    "uneven columns": Kind("expected 3 prices", lambda trade: _columns(trade, prices=2)),
    "no columns": Kind("prices", lambda trade: _columns(trade, prices=0)),
}


@dataclass(frozen=True)
class Sent:
    """One message of the mixture: what is sent, what of it is good, and how the rest is wrong."""

    line: Line
    good: Line | None
    kind: str | None


def mixed(good: list[Line], bad: int, seed: int) -> Iterator[Sent]:
    """Spoil `bad` of the good trades in one way each, and send them beside the good ones.

    Only single trades are spoilt; every kind is as frequent as the others.
    """
    random = Random(seed)  # noqa: S311
    single = [place for place, (_, payload) in enumerate(good) if b'"timestamps"' not in payload]
    kinds = [name for name, _ in zip(_round(), range(bad), strict=False)]
    spoilt = dict(zip(random.sample(single, bad), kinds, strict=True))
    for place, line in enumerate(good):
        name = spoilt.get(place)
        if name is None:
            yield Sent(line, line, None)
            continue
        kind = KINDS[name]
        wrong = _spoilt(kind, line)
        if kind.keeps:
            yield Sent(wrong, line, name)
        else:
            yield Sent(wrong, None, name)
            yield Sent(line, line, None)


def _round() -> Iterator[str]:
    while True:
        yield from KINDS


def _spoilt(kind: Kind, line: Line) -> Line:
    subject, payload = line
    symbol = subject.rpartition(".")[2]
    return f"{_PREFIX}.{kind.subject}.{symbol}", kind.spoil(json.loads(payload))
