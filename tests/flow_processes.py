"""Real flow processes on a real server, and what came out of them."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import nats
from pydantic import SecretStr

from mts1b_operations.events.envelope import Emission
from mts1b_operations.events.roles import ADMIN
from mts1b_operations.events.subjects import resolve
from mts1b_operations.flows.backtest import backtest_flow
from mts1b_operations.flows.execution import execute
from mts1b_operations.flows.house import House
from mts1b_operations.local.nats import NatsServer
from mts1b_operations.operators.published import published
from mts1b_operations.operators.watch import ShardOptions
from mts1b_operations.settings.tree import load_tree
from mts1b_operations.sinks.delivery.outbox import Message
from mts1b_operations.sinks.delivery.shipping import Shipping
from mts1b_operations.sources.bootstrap import ensure_streams
from mts1b_operations.sources.connection import Credentials
from mts1b_operations.sources.consumer import Subscription
from mts1b_operations.sources.jetstream import JetStreamPartition
from tests.waiting import until

NOW_NS = 1_790_000_000_000_000_000
"""An arrival time for backtests: later than every event of the tests."""


def login(server: NatsServer, role: str) -> Credentials:
    return Credentials(server.url, role, SecretStr(server.passwords[role]))


async def make_streams(server: NatsServer) -> None:
    client = await nats.connect(server.url, user=ADMIN, password=server.passwords[ADMIN])
    await ensure_streams(client)
    await client.close()


def publish(server: NatsServer, lines: Iterable[tuple[str, bytes]], run: str = "test") -> None:
    """Publish (subject, payload) and wait for every acknowledgement."""
    with Shipping([server.url], ADMIN, SecretStr(server.passwords[ADMIN])) as shipping:
        for number, (subject, payload) in enumerate(lines):
            headers = {"Nats-Msg-Id": f"{run}-{number}"}
            shipping.put(Message(subject, resolve(subject).spec.stream, payload, headers))


@dataclass
class FlowProcess:
    """One `mts1b-operations run`, to be killed and started again on the same recovery store."""

    server: NatsServer
    data_dir: Path
    settings: Path
    flow: str = "market"
    arguments: tuple[str, ...] = ()
    module: str = "mts1b_operations.cli.main"
    environment: dict[str, str] = field(default_factory=dict)
    process: "subprocess.Popen[bytes] | None" = field(default=None, init=False)

    def start(self) -> None:
        command = [sys.executable, "-m", self.module, "run", self.flow]
        command += ["--data-dir", str(self.data_dir), "--settings", str(self.settings)]
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("MTS_")},
            "MTS_NATS_URL": self.server.url,
            "MTS_NATS_MONITOR_URL": self.server.monitor_url,
            "MTS_NATS_USER": "flows",
            "MTS_NATS_PASSWORD": self.server.passwords["flows"],
            **self.environment,
        }
        self.data_dir.mkdir(parents=True, exist_ok=True)
        with (self.data_dir / f"{self.flow}.log").open("ab") as log:
            self.process = subprocess.Popen(
                [*command, *self.arguments], env=environment, stdout=log, stderr=log
            )

    @property
    def running(self) -> "subprocess.Popen[bytes]":
        assert self.process is not None, "expected a started flow"
        return self.process

    def log(self) -> str:
        return (self.data_dir / f"{self.flow}.log").read_text()

    def kill(self) -> None:
        self.running.send_signal(signal.SIGKILL)
        self.running.wait(timeout=10)

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(timeout=10)


@contextmanager
def flow_process(flow: FlowProcess) -> Iterator[FlowProcess]:
    flow.start()
    try:
        yield flow
    finally:
        flow.stop()


def shards_kept(data_dir: Path, flow: str = "market") -> int:
    """Count the shards whose state the engine's recovery store holds."""
    step = f"{flow}.{flow}_shards%"
    total = 0
    for path in sorted((data_dir / "recovery" / flow).glob("part-*.sqlite3")):
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=5)) as store:
            (found,) = store.execute(
                "SELECT count(DISTINCT state_key) FROM snaps WHERE step_id LIKE ?", (step,)
            ).fetchone()
            total += found
    return total


class Tail:
    """Everything a stream holds under some subjects, read as an operator would."""

    def __init__(self, server: NatsServer, stream: str, *patterns: str) -> None:
        subscription = Subscription(stream, patterns)
        self._partition = JetStreamPartition(login(server, "flows"), subscription, "tail", None)
        self.emissions: list[Emission] = []

    def read(self) -> list[Emission]:
        for _, batch in self._partition.next_batch():
            self.emissions.extend(published(batch))
        return self.emissions

    def until(
        self, count: int, deadline: float = 60.0, flow: FlowProcess | None = None
    ) -> list[Emission]:
        """Read until there are `count` distinct ids; fails at once when `flow` has ended."""

        def enough() -> bool:
            if flow is not None:
                assert flow.running.poll() is None, f"the flow has ended: {flow.log()}"
            return len({one.event_id for one in self.read()}) >= count

        until(enough, deadline)
        return self.emissions

    def close(self) -> None:
        self._partition.close()


def by_id(emissions: Iterable[Emission]) -> dict[str, dict[str, object]]:
    """Give contracts by event id; fails where one id stands for two contents."""
    found: dict[str, dict[str, object]] = {}
    for emission in emissions:
        content = json.loads(emission.payload())
        assert found.setdefault(emission.event_id, content) == content
    return found


def backtested(
    files: Sequence[Path], settings: Path, out: Path
) -> dict[str, dict[str, dict[str, object]]]:
    """Run the same events through files only: everything said, by kind and event id."""
    house = House(tree=load_tree(settings), options=ShardOptions(oldest_halt=None))
    execute(backtest_flow(files, out, house, NOW_NS, lambda _: None), recovery=None)
    return {name: _results(out / f"{name}.jsonl") for name in ("readings", "alerts", "actions")}


def _results(path: Path) -> dict[str, dict[str, object]]:
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    return {line.pop("id"): line for line in lines}
