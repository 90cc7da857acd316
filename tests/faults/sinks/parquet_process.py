"""A process that runs a dataflow into Parquet: `parquet_process.py ROOT RECOVERY_DIR`."""

import sys
from datetime import timedelta
from pathlib import Path

from bytewax import operators as op
from bytewax.dataflow import Dataflow
from bytewax.recovery import RecoveryConfig, init_db_dir
from bytewax.testing import TestingSource, run_main

from mts1b_operations.sinks.parquet import ParquetSink
from tests.unit.sinks.samples import reading

READINGS = [reading(number, key=f"K{number % 5}") for number in range(2000)]


def main(root: Path, recovery: Path) -> None:
    if not recovery.exists():
        recovery.mkdir()
        init_db_dir(recovery, 1)  # type: ignore[no-untyped-call]
    items = [(emission.event_id, emission) for emission in READINGS]
    flow = Dataflow("parquet")
    op.output("out", op.input("in", flow, TestingSource(items, batch_size=10)), ParquetSink(root))
    run_main(  # type: ignore[no-untyped-call]
        flow,
        epoch_interval=timedelta(0),
        recovery_config=RecoveryConfig(str(recovery)),  # type: ignore[no-untyped-call]
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
