"""A flow that only counts, in a process of its own: what it says, its state has seen.

Arguments: URL, password, recovery directory, output file, and "forget" for a source that starts
from the beginning whatever the snapshot says.
"""

import sys
from datetime import timedelta
from pathlib import Path

from bytewax import operators as op
from bytewax.connectors.files import FileSink
from bytewax.dataflow import Dataflow
from bytewax.recovery import RecoveryConfig, init_db_dir
from bytewax.run import cli_main
from pydantic import SecretStr

from mts1b_operations.events.envelope import RawBatch
from mts1b_operations.events.streams import MARKETDATA, partition_of
from mts1b_operations.sources.connection import Credentials
from mts1b_operations.sources.jetstream import JetStreamPartition, JetStreamSource

Seen = tuple[int, int]
"""How many messages, and the sum of their numbers."""


class ForgetfulSource(JetStreamSource):
    """Keeps no position."""

    def build_part(
        self, step_id: str, for_part: str, resume_state: bytes | None
    ) -> JetStreamPartition:
        del resume_state
        return super().build_part(step_id, for_part, None)


def count(seen: Seen | None, batch: RawBatch) -> tuple[Seen, str]:
    messages, total = seen or (0, 0)
    now = messages + len(batch), total + sum(map(int, batch.payloads))
    return now, f"{now[0]} {now[1]}"


def counting(source: JetStreamSource, out: Path) -> Dataflow:
    flow = Dataflow("counting")
    lines = op.stateful_map("count", op.input("in", flow, source), count)
    op.output("out", lines, FileSink(out))
    return flow


def main(url: str, password: str, recovery: str, out: str, *memory: str) -> None:
    kind = ForgetfulSource if memory else JetStreamSource
    partition = str(partition_of("IBM"))
    filters = {partition: (f"mts.v1.marketdata.*.{partition}.*",)}
    source = kind(Credentials(url, "flows", SecretStr(password)), MARKETDATA, filters)
    if not any(Path(recovery).iterdir()):
        init_db_dir(Path(recovery), 1)  # type: ignore[no-untyped-call]
    cli_main(  # type: ignore[no-untyped-call]
        counting(source, Path(out)),
        epoch_interval=timedelta(milliseconds=50),
        recovery_config=RecoveryConfig(recovery),  # type: ignore[no-untyped-call]
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
