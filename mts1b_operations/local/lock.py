"""One owner for a data directory, and a wait for the orphans of a killed one.

The lock is flock(2): the kernel drops it when the last process that inherited the descriptor is
gone. A server inherits it from the process that started it, so after a `kill -9` of that process
the directory stays locked for exactly as long as a left-over server still writes there.
"""

import fcntl
import os
import time
from pathlib import Path

_POLL_SECONDS = 0.01


class DirectoryInUseError(RuntimeError):
    """The data directory belongs to another live process."""


class DirectoryLock:
    """A lock file, with its owner's process id as text while there is an owner."""

    def __init__(self, path: Path) -> None:
        """`path` is the lock file; its folder must exist when the lock is taken."""
        self._path = path
        self._descriptor: int | None = None

    def acquire(self, orphan_timeout: float = 15.0) -> None:
        """Take the lock; wait `orphan_timeout` seconds for servers whose owner was killed.

        Raises `DirectoryInUseError` at once when the owner lives, and after the wait when a
        left-over server does not end.
        """
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            self._wait_for(descriptor, time.monotonic() + orphan_timeout)
        except BaseException:
            os.close(descriptor)
            raise
        _record_owner(descriptor, str(os.getpid()))
        self._descriptor = descriptor

    def fileno(self) -> int:
        """Give the descriptor that a server inherits. Raises RuntimeError when not held."""
        if self._descriptor is None:
            raise RuntimeError(f"expected {self._path} to be locked, found it released; acquire it")
        return self._descriptor

    def release(self) -> None:
        """Give up this process's share; a server that inherited the lock still holds it."""
        if self._descriptor is None:
            return
        _record_owner(self._descriptor, "")
        os.close(self._descriptor)
        self._descriptor = None

    def _wait_for(self, descriptor: int, deadline: float) -> None:
        while not _try_lock(descriptor):
            owner = _owner(descriptor)
            if owner is not None and _is_alive(owner):
                raise DirectoryInUseError(
                    f"data directory {self._path.parent} is in use by process {owner}; "
                    "stop that process, or choose another data directory"
                )
            if time.monotonic() > deadline:
                raise DirectoryInUseError(
                    f"data directory {self._path.parent} is in use by a server whose owner is "
                    f"gone; find it with `fuser {self._path}`, stop it, and start again"
                )
            time.sleep(_POLL_SECONDS)


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _record_owner(descriptor: int, owner: str) -> None:
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, owner.encode(), 0)


def _owner(descriptor: int) -> int | None:
    text = os.pread(descriptor, 32, 0).decode("ascii", "replace").strip()
    return int(text) if text.isdecimal() else None


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
