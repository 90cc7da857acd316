"""Recorded events on NATS: published in order, at their pace, and never on a server that counts."""

import asyncio
import gzip
import json
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from mts1b_operations.events.fields import rfc3339
from mts1b_operations.events.streams import MARKETDATA
from mts1b_operations.local.nats import SERVER_NAME, NatsServer
from mts1b_operations.local.ports import free_ports
from mts1b_operations.sources.consumer import Subscription
from mts1b_operations.sources.jetstream import JetStreamPartition
from tests.flow_processes import login, make_streams
from tests.integration.cli.command import line_of, mts, naming
from tests.trades import START, trade_lines, write_lines
from tests.waiting import until

pytestmark = pytest.mark.integration

TRADES = 50


class DependedOn(NatsServer):
    """A server that has another name than the embedded one."""

    def prepare(self) -> None:
        super().prepare()
        configuration = self.directory / "nats.conf"
        text = configuration.read_text()
        assert SERVER_NAME in text
        configuration.write_text(text.replace(SERVER_NAME, "trading-floor"))


@pytest.fixture
def embedded(nats_server: NatsServer) -> NatsServer:
    asyncio.run(make_streams(nats_server))
    return nats_server


@pytest.fixture
def live(embedded: NatsServer, tmp_path: Path) -> Iterator[NatsServer]:
    port, monitor_port = free_ports(2)
    server = DependedOn(tmp_path / "live", port, monitor_port, embedded.passwords)
    server.start()
    asyncio.run(make_streams(server))
    yield server
    server.stop()


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    return write_lines(tmp_path / "trades.jsonl", trade_lines(TRADES))


def stored(server: NatsServer, count: int) -> list[tuple[bytes, int]]:
    """Read (payload, time of storing in ns) of `count` messages or more, in stream order."""
    subscription = Subscription(MARKETDATA, ("mts.v1.marketdata.>",))
    partition = JetStreamPartition(login(server, "flows"), subscription, "all", None)
    found: list[tuple[bytes, int]] = []

    def enough() -> bool:
        for _, batch in partition.next_batch():
            found.extend(zip(batch.payloads, batch.arrivals_ns, strict=True))
        return len(found) >= count

    try:
        until(enough)
    finally:
        partition.close()
    return found


def payloads(server: NatsServer, count: int) -> list[object]:
    return [json.loads(payload) for payload, _ in stored(server, count)]


EXPECTED = [json.loads(payload) for _, payload in trade_lines(TRADES)]


def test_everything_is_published_in_order(embedded: NatsServer, recording: Path) -> None:
    done = mts("replay", recording, **naming(embedded))
    assert done.returncode == 0, done.stderr
    assert f"published {TRADES} events" in done.stdout
    assert payloads(embedded, TRADES) == EXPECTED


def test_machines_read_json(embedded: NatsServer, recording: Path) -> None:
    done = mts("replay", recording, recording, "--json", **naming(embedded))
    assert json.loads(done.stdout) == {"published": 2 * TRADES, "skipped": 0}
    assert done.stderr == ""


def test_broken_lines_do_not_keep_the_rest(embedded: NatsServer, recording: Path) -> None:
    lines = recording.read_text().splitlines()
    unknown = json.dumps({"subject": "mts.v1.marketdata.tick.IBM", "payload": {}})
    lines[10:10] = ["no json", '{"subject": "mts.v1.marketdata.trade.IBM"}', unknown]
    recording.write_text("\n".join(lines))
    done = mts("replay", recording, "--json", **naming(embedded))
    assert done.returncode == 1
    assert json.loads(done.stdout) == {"published": TRADES, "skipped": 3}
    for number in (11, 12, 13):
        assert f"skipped {recording}:{number}: " in done.stderr
    assert "Traceback" not in done.stderr
    assert payloads(embedded, TRADES) == EXPECTED


def test_a_server_that_counts_needs_a_flag_and_a_word(live: NatsServer, recording: Path) -> None:
    without = line_of(mts("replay", recording, **naming(live)))
    assert "found 'trading-floor'" in without
    assert "--allow-live" in without
    wrong = mts("replay", recording, "--allow-live", "--confirm", "replay", **naming(live))
    assert "expected the word REPLAY, found 'replay'; nothing was published" in line_of(wrong)
    right = mts("replay", recording, "--allow-live", "--confirm", "REPLAY", **naming(live))
    assert right.returncode == 0, right.stderr
    assert payloads(live, TRADES) == EXPECTED, "expected what the word allowed, and nothing before"


def test_a_server_that_counts_is_asked_about(live: NatsServer, recording: Path) -> None:
    """Without anybody to type the word, nothing is published."""
    done = mts("replay", recording, "--allow-live", **naming(live))
    assert done.returncode == 1
    assert "Type REPLAY" in done.stdout
    assert "Traceback" not in done.stderr


def second_apart(path: Path) -> Path:
    with path.open("w") as lines:
        for second in range(3):
            trade = {
                "symbol": "IBM",
                "timestamp": rfc3339(START + timedelta(seconds=second)),
                "price": 1.0,
                "size": 1,
            }
            line = {"subject": "mts.v1.marketdata.trade.IBM", "payload": trade}
            lines.write(json.dumps(line) + "\n")
    return path


@pytest.mark.parametrize(
    ("speed", "least", "most"), [("1x", 1.9, 30.0), ("4x", 0.45, 1.9), ("max", 0.0, 1.9)]
)
def test_the_pace_is_kept(
    embedded: NatsServer, tmp_path: Path, speed: str, least: float, most: float
) -> None:
    """Measured by the stream's own clock, which knows nothing of how long Python takes to start."""
    recording = second_apart(tmp_path / "seconds.jsonl")
    done = mts("replay", recording, "--speed", speed, **naming(embedded))
    assert done.returncode == 0, done.stderr
    moments = [moment for _, moment in stored(embedded, 3)]
    assert least <= (moments[-1] - moments[0]) / 1e9 <= most


def test_a_file_that_breaks_off_says_how_far_it_went(embedded: NatsServer, tmp_path: Path) -> None:
    whole = write_lines(tmp_path / "trades.jsonl", trade_lines(3_000)).read_bytes()
    cut = tmp_path / "cut.jsonl.gz"
    cut.write_bytes(gzip.compress(whole)[:-40])
    line = line_of(mts("replay", cut, **naming(embedded)))
    assert str(cut) in line
    said = re.search(r"; (\d+) events before that are published", line)
    assert said is not None
    assert 0 < int(said[1]) < 3_000
    assert len(stored(embedded, int(said[1]))) == int(said[1])
