"""The materialising flow: what operations has said, from three streams into Parquet and DuckDB."""

from pathlib import Path

import bytewax.operators as op
from bytewax.dataflow import Dataflow
from bytewax.operators import KeyedStream

from mts1b_operations.events.envelope import Emission
from mts1b_operations.events.streams import EVENTS, HALTS, READINGS
from mts1b_operations.events.subjects import spec_named
from mts1b_operations.operators.published import published
from mts1b_operations.sinks.parquet import ParquetSink
from mts1b_operations.sources.connection import Credentials
from mts1b_operations.sources.jetstream import JetStreamSource

NAME = "materialize"

_NAMES = {
    READINGS: ("operations.reading",),
    EVENTS: ("operations.alert", "operations.action"),
    HALTS: ("operations.halt.requested",),
}


def materialize_flow(login: Credentials, root: Path) -> Dataflow:
    """Build the flow; parts and views appear below `root`."""
    flow = Dataflow(NAME)
    streams = [said(flow, login, stream, names) for stream, names in _NAMES.items()]
    op.output(f"{NAME}_output", op.merge(f"{NAME}_all", *streams), ParquetSink(root))
    return flow


def said(
    flow: Dataflow, login: Credentials, stream: str, names: tuple[str, ...]
) -> KeyedStream[Emission]:
    """Read what was published under `names` in `stream`, as it was emitted, keyed by subject."""
    filters = {stream: tuple(spec_named(name).pattern for name in names)}
    raw = op.input(f"{flow.flow_id}_{stream}", flow, JetStreamSource(login, stream, filters))
    return op.flat_map(
        f"{flow.flow_id}_{stream}_emissions",
        raw,
        lambda item: [(one.subject, one) for one in published(item[1])],
    )
