"""A NATS server with the four streams, and what a test wants to do to them and see in them."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterable
from datetime import timedelta
from typing import Any, TypeVar

import nats
from bytewax import operators as op
from bytewax.dataflow import Dataflow
from bytewax.outputs import Sink
from bytewax.testing import TestingSource, run_main
from nats.js import JetStreamContext
from nats.js.api import RawStreamMsg
from pydantic import SecretStr

from mts1b_operations.events.envelope import Emission
from mts1b_operations.events.roles import ADMIN, inbox_prefix
from mts1b_operations.local.nats import NatsServer
from mts1b_operations.sinks.jetstream import JetStreamSink
from mts1b_operations.sources.bootstrap import ensure_streams

T = TypeVar("T")


def as_admin(server: NatsServer, deed: Callable[[JetStreamContext], Awaitable[T]]) -> T:
    async def run() -> T:
        client = await nats.connect(
            server.url,
            user=ADMIN,
            password=server.passwords[ADMIN],
            inbox_prefix=inbox_prefix(ADMIN),
            allow_reconnect=False,
            connect_timeout=5,
        )
        try:
            return await deed(client.jetstream(timeout=5))
        finally:
            await client.close()

    return asyncio.run(run())


def create_streams(server: NatsServer) -> None:
    as_admin(server, lambda jetstream: ensure_streams(jetstream._nc))


def limit(server: NatsServer, stream: str, max_msgs: int) -> None:
    """Let `stream` hold `max_msgs` messages (-1: any number)."""

    async def update(jetstream: JetStreamContext) -> None:
        info = await jetstream.stream_info(stream)
        await jetstream.update_stream(info.config.evolve(max_msgs=max_msgs))

    as_admin(server, update)


def stored(server: NatsServer, stream: str) -> int:
    async def count(jetstream: JetStreamContext) -> int:
        return (await jetstream.stream_info(stream)).state.messages

    return as_admin(server, count)


def messages_in(server: NatsServer, stream: str) -> list[RawStreamMsg]:
    async def read(jetstream: JetStreamContext) -> list[RawStreamMsg]:
        state = (await jetstream.stream_info(stream)).state
        return [
            await jetstream.get_msg(stream, seq=sequence, direct=True)
            for sequence in range(state.first_seq, state.last_seq + 1)
        ]

    return as_admin(server, read)


def ids_in(server: NatsServer, stream: str) -> list[str]:
    """Give the `Nats-Msg-Id` of every message of `stream`, in order."""
    return [(message.headers or {})["Nats-Msg-Id"] for message in messages_in(server, stream)]


def payloads_in(server: NatsServer, stream: str) -> list[dict[str, Any]]:
    return [json.loads(message.data or b"") for message in messages_in(server, stream)]


def sink_of(
    server: NatsServer, role: str = "flows", patience: float = 60.0, carry: int = 10_000
) -> JetStreamSink:
    password = SecretStr(server.passwords[role])
    return JetStreamSink(server.url, role, password, patience=patience, carry=carry)


def flow_of(emissions: Iterable[tuple[str, Emission]], sink: Sink[Any]) -> Dataflow:
    flow = Dataflow("sink_test")
    stream = op.input("in", flow, TestingSource(list(emissions), batch_size=50))
    op.output("out", stream, sink)
    return flow


def run(flow: Dataflow, epoch: timedelta = timedelta(0)) -> None:
    run_main(flow, epoch_interval=epoch)  # type: ignore[no-untyped-call]
