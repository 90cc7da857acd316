"""Holds back what the engine's native code says of an error that Python raises as well."""

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

_STDERR = 2


@contextmanager
def panics_withheld() -> Iterator[None]:
    """Keep native messages off stderr; give them out at the end unless it is an error.

    Bytewax reports an error of a step twice: as an exception, and before that by Rust's panic
    handler, which writes to the file descriptor. What Python writes to `sys.stderr` passes.
    """
    sys.stderr.flush()
    with tempfile.TemporaryFile() as withheld, os.fdopen(os.dup(_STDERR), "w") as real:
        python_stderr, sys.stderr = sys.stderr, real
        os.dup2(withheld.fileno(), _STDERR)
        try:
            yield
            _give_out(withheld.fileno(), real.fileno())
        finally:
            real.flush()
            os.dup2(real.fileno(), _STDERR)
            sys.stderr = python_stderr


def _give_out(withheld: int, real: int) -> None:
    os.lseek(withheld, 0, os.SEEK_SET)
    while chunk := os.read(withheld, 1 << 16):
        os.write(real, chunk)
