"""The notifying flow: alerts and halt requests to Telegram."""

import bytewax.operators as op
from bytewax.dataflow import Dataflow

from mts1b_operations.events.streams import EVENTS, HALTS
from mts1b_operations.flows.materialize import said
from mts1b_operations.sinks.telegram import TelegramSink
from mts1b_operations.sources.connection import Credentials

NAME = "notify"


def notify_flow(login: Credentials, sink: TelegramSink) -> Dataflow:
    """Build the flow. Order within the chat is the order of arrival."""
    flow = Dataflow(NAME)
    alerts = said(flow, login, EVENTS, ("operations.alert",))
    halts = said(flow, login, HALTS, ("operations.halt.requested",))
    op.output(f"{NAME}_output", op.merge(f"{NAME}_all", alerts, halts), sink)
    return flow
