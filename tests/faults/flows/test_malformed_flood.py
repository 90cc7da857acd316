"""Thousands of malformed messages among good ones: all are kept, and none costs a good one."""

import asyncio
import base64
import json
import logging
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import pytest

from mts1b_operations.events.contracts.audit import Rejected
from mts1b_operations.events.envelope import Emission
from mts1b_operations.events.streams import EVENTS, MARKETDATA, READINGS
from mts1b_operations.local.nats import NatsServer
from mts1b_operations.sinks.delivery.outbox import Message
from mts1b_operations.sinks.delivery.shipping import Shipping
from tests.faults.flows.malformed import KINDS, Line, Sent, mixed
from tests.flow_processes import (
    FlowProcess,
    Tail,
    backtested,
    by_id,
    flow_process,
    login,
    make_streams,
)
from tests.trades import SETTINGS, SYMBOLS, trade_lines, write_lines
from tests.waiting import until

pytestmark = pytest.mark.fault

_LOG = logging.getLogger(__name__)
ROWS = 100
"""Trades in one columnar message."""


@dataclass(frozen=True)
class Flood:
    """How many good trades there are, singly and in columns, and how many messages are bad."""

    single: int
    columnar: int
    bad: int


SMALL = Flood(single=14_000, columnar=6_000, bad=200)
GREAT = Flood(single=940_000, columnar=60_000, bad=10_000)


def good_lines(flood: Flood) -> Iterator[Line]:
    """Give the good trades as messages: first the single ones, then those in columns."""
    trades = trade_lines(flood.single + flood.columnar)
    yield from islice(trades, flood.single)
    while block := list(islice(trades, ROWS * len(SYMBOLS))):
        for start in range(len(SYMBOLS)):
            yield columns(block[start :: len(SYMBOLS)])


def columns(lines: list[Line]) -> Line:
    """Put trades of one symbol into one message."""
    trades = [json.loads(payload) for _, payload in lines]
    batch = {
        "symbol": trades[0]["symbol"],
        "timestamps": [one["timestamp"] for one in trades],
        "prices": [one["price"] for one in trades],
        "sizes": [one["size"] for one in trades],
    }
    return lines[0][0], json.dumps(batch).encode()


def publish(server: NatsServer, flood: list[Sent]) -> None:
    user = login(server, "admin")
    with Shipping([user.url], user.user, user.password) as shipping:
        for number, sent in enumerate(flood):
            subject, payload = sent.line
            shipping.put(Message(subject, MARKETDATA, payload, {"Nats-Msg-Id": f"flood-{number}"}))


def rejections(emissions: list[Emission]) -> list[Rejected]:
    return [one.event for one in emissions if isinstance(one.event, Rejected)]


def assert_kept(flood: list[Sent], rejected: list[Rejected]) -> None:
    """Every bad message is there, byte by byte and once, with the reason of its kind."""
    bad = {number: sent for number, sent in enumerate(flood, start=1) if sent.kind is not None}
    assert Counter(one.sequence for one in rejected) == Counter(list(bad))
    for one in rejected:
        subject, payload = bad[one.sequence].line
        kind = KINDS[bad[one.sequence].kind or ""]
        assert (one.subject, base64.b64decode(one.payload_base64)) == (subject, payload)
        assert kind.reason in one.reason, (bad[one.sequence].kind, one.reason)


@pytest.mark.parametrize(
    "size",
    [
        pytest.param(SMALL, id="small"),
        pytest.param(GREAT, id="great", marks=[pytest.mark.slow, pytest.mark.timeout(900)]),
    ],
)
def test_flood(nats_server: NatsServer, tmp_path: Path, size: Flood) -> None:
    settings = tmp_path / "settings.json"
    settings.write_text(json.dumps(SETTINGS))
    flood = list(mixed(list(good_lines(size)), size.bad, seed=20_261_122))
    good = (sent.good for sent in flood if sent.good is not None)
    file = write_lines(tmp_path / "good.jsonl", good)
    wanted = backtested([file], settings, tmp_path / "out")["readings"]
    asyncio.run(make_streams(nats_server))
    readings = Tail(nats_server, READINGS, "mts.v1.operations.reading.*")
    rejected = Tail(nats_server, EVENTS, "mts.v1.operations.rejected")
    gaps = Tail(nats_server, EVENTS, "mts.v1.operations.gap.*")
    with flow_process(FlowProcess(nats_server, tmp_path, settings)) as flow:
        started, first = time.monotonic(), flow.running.pid
        publish(nats_server, flood)
        published = time.monotonic()
        until(lambda: len(rejected.read()) >= size.bad, deadline=300)
        until(lambda: len(readings.read()) >= len(wanted), deadline=300)
        ended = time.monotonic()
        assert flow.running.poll() is None, flow.log()
        assert flow.running.pid == first
        assert "Traceback" not in flow.log()
        assert gaps.read() == []
    for tail in (readings, rejected, gaps):
        tail.close()
    _LOG.info(
        "%d messages published in %.1f s, %d trades all told after %.1f s",
        len(flood), published - started, size.single + size.columnar, ended - started,
    )  # fmt: skip
    assert_kept(flood, rejections(rejected.emissions))
    assert by_id(readings.emissions) == wanted
    assert len(readings.emissions) == len(wanted)
