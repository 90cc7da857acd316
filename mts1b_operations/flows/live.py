"""The flows that run on streams, by name, with their sources and sinks attached."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import bytewax.operators as op
from bytewax.dataflow import Dataflow
from bytewax.operators import KeyedStream
from bytewax.outputs import Sink

from mts1b_operations.events.envelope import Emission, RawBatch
from mts1b_operations.flows import market, materialize, notify, portfolio
from mts1b_operations.flows.house import House
from mts1b_operations.flows.manifest import STATELESS
from mts1b_operations.flows.materialize import materialize_flow
from mts1b_operations.flows.notify import notify_flow
from mts1b_operations.settings.connections import Connections
from mts1b_operations.sinks.console import ConsoleSink
from mts1b_operations.sinks.jetstream import JetStreamSink
from mts1b_operations.sinks.telegram import TelegramSink
from mts1b_operations.sources.connection import Credentials
from mts1b_operations.sources.jetstream import JetStreamSource

Compose = Callable[[KeyedStream[RawBatch], House], KeyedStream[Emission]]


@dataclass(frozen=True, slots=True)
class WatchingFlow:
    """A flow that reads one stream and publishes what its watchdogs say."""

    name: str
    stream: str
    filters: Callable[[], dict[str, tuple[str, ...]]]
    compose: Compose


WATCHING = {
    flow.name: flow
    for flow in (
        WatchingFlow(market.NAME, market.STREAM, market.filters, market.watch_market),
        WatchingFlow(
            portfolio.NAME, portfolio.STREAM, portfolio.filters, portfolio.watch_portfolio
        ),
    )
}


FLOWS = (*WATCHING, materialize.NAME, notify.NAME)
"""The names of all flows that can be run."""


class NoTelegramError(ValueError):
    """The notifying flow was asked for, and nobody said whom to notify."""


def live_flow(
    name: str, settings: Connections, house: House, data_dir: Path, *, console: bool = False
) -> Dataflow:
    """Build the flow called `name`, one of `FLOWS`, on the servers that `settings` names.

    What the materialising flow writes is below `data_dir`; with `console`, a watching flow also
    prints its alerts, actions and halts. Raises NoTelegramError for the notifying flow without a
    token or chat.
    """
    login = Credentials(settings.nats_url, settings.nats_user, settings.nats_password)
    if name == materialize.NAME:
        return materialize_flow(login, data_dir / "materialized")
    if name == notify.NAME:
        return notify_flow(login, _telegram(settings))
    sink = JetStreamSink(login.url, login.user, login.password)
    return watching_flow(WATCHING[name], login, house, sink, console=console)


def watching_flow(
    kind: WatchingFlow,
    login: Credentials,
    house: House,
    sink: Sink[tuple[str, Emission]],
    *,
    console: bool = False,
) -> Dataflow:
    """Build a watching flow whose emissions go to `sink`, and with `console` to the terminal."""
    flow = Dataflow(kind.name)
    source = JetStreamSource(login, kind.stream, kind.filters())
    raw = op.input(f"{kind.name}_input", flow, source)
    emissions = kind.compose(raw, house)
    op.output(f"{kind.name}_output", emissions, sink)
    if console:
        op.output(f"{kind.name}{STATELESS}", emissions, ConsoleSink())
    return flow


def _telegram(settings: Connections) -> TelegramSink:
    if not settings.telegram_token.get_secret_value() or not settings.telegram_chat_id:
        raise NoTelegramError(
            "expected MTS_TELEGRAM_TOKEN and MTS_TELEGRAM_CHAT_ID, found none; set both"
        )
    return TelegramSink(
        settings.telegram_token, settings.telegram_chat_id, settings.telegram_base_url or None
    )
