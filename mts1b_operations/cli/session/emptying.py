"""Emptying a data directory, unless somebody works on it."""

import shutil
from pathlib import Path

from mts1b_operations.local.lock import DirectoryLock

_LOCK = "lock"


def emptied(data_dir: Path) -> None:
    """Remove everything below `data_dir`, which is made where it is missing.

    Raises DirectoryInUseError when a running stack owns it, and OSError.
    """
    data_dir.mkdir(parents=True, exist_ok=True)
    lock = DirectoryLock(data_dir / _LOCK)
    lock.acquire()
    try:
        for path in data_dir.iterdir():
            # Another process may wait for this very file.
            if path.name != _LOCK:
                _remove(path)
    finally:
        lock.release()


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()
