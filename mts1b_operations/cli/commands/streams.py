"""`mts1b-operations streams`: create the JetStream streams, or say what is wrong with them."""

import asyncio

import typer

from mts1b_operations.cli.connecting import connections_as, logged_in
from mts1b_operations.cli.errors import one_clear_line
from mts1b_operations.cli.options import DEFAULT_DATA_DIR, DataDir
from mts1b_operations.events.roles import ADMIN
from mts1b_operations.events.streams import STREAMS
from mts1b_operations.sources.bootstrap import assert_fsync, ensure_streams


def streams(data_dir: DataDir = DEFAULT_DATA_DIR) -> None:
    """Create the streams that are missing; check those that exist, and that the server fsyncs."""
    with one_clear_line():
        connections = connections_as(ADMIN, data_dir)
        assert_fsync(connections.nats_monitor_url)
        asyncio.run(logged_in(connections, ensure_streams))
    typer.echo(f"streams as designed: {', '.join(spec.name for spec in STREAMS)}")
