"""Running a dataflow: alone or as one process of a cluster, with its recovery store."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from bytewax.dataflow import Dataflow
from bytewax.run import cli_main

from mts1b_operations.flows.manifest import recovery_config

EPOCH = timedelta(milliseconds=500)
"""Time between snapshots: what a crash makes a flow read again."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """A place in a cluster: `addresses` ("host:port") of all processes, and which one this is."""

    addresses: tuple[str, ...]
    process: int


def execute(flow: Dataflow, recovery: Path | None, cluster: Cluster | None = None) -> None:
    """Run `flow` until its input ends (never, on streams).

    Raises ManifestMismatchError for a store of another flow or version. The first process of a
    cluster makes the store; the others must find it made.
    """
    config = recovery_config(flow, recovery) if recovery is not None else None
    cli_main(  # type: ignore[no-untyped-call]
        flow,
        process_id=cluster.process if cluster else None,
        addresses=list(cluster.addresses) if cluster else None,
        epoch_interval=EPOCH,
        recovery_config=config,
    )
