"""Write a scenario as an event file, for `backtest` and `replay`."""

import gzip
import json
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path

from mts1b_operations.events.envelope import Emission


def write_event_file(emissions: Iterable[Emission], path: Path) -> int:
    """Write one JSON object a line, `{"subject": ..., "payload": {...}}`, and count them.

    A name that ends in `.gz` is compressed, without a time stamp, so that equal events give equal
    files. Raises OSError where the path cannot be written.
    """
    count = 0
    with ExitStack() as files:
        file = files.enter_context(path.open("wb"))
        packed = path.suffix == ".gz"
        out = files.enter_context(gzip.GzipFile("", "wb", 6, file, 0)) if packed else file
        for emission in emissions:
            out.write(_line(emission))
            count += 1
    return count


def _line(emission: Emission) -> bytes:
    subject = json.dumps(emission.subject).encode()
    return b'{"subject":' + subject + b',"payload":' + emission.payload() + b"}\n"
