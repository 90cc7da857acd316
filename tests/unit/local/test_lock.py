import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from mts1b_operations.local.lock import DirectoryInUseError, DirectoryLock

pytestmark = pytest.mark.unit


@pytest.fixture
def lock(tmp_path: Path) -> Iterator[DirectoryLock]:
    lock = DirectoryLock(tmp_path / "lock")
    yield lock
    lock.release()


def _orphan(lock: DirectoryLock) -> subprocess.Popen[bytes]:
    """Start a process that holds the lock until its standard input is closed."""
    return subprocess.Popen(["cat"], stdin=subprocess.PIPE, pass_fds=[lock.fileno()])


def test_a_second_owner_is_refused_at_once_and_told_who_has_it(
    lock: DirectoryLock, tmp_path: Path
) -> None:
    lock.acquire()
    with pytest.raises(DirectoryInUseError, match=f"{tmp_path}.*process {os.getpid()}"):
        DirectoryLock(tmp_path / "lock").acquire(orphan_timeout=60)


def test_a_released_lock_can_be_taken(lock: DirectoryLock, tmp_path: Path) -> None:
    lock.acquire()
    lock.release()
    other = DirectoryLock(tmp_path / "lock")
    other.acquire(orphan_timeout=0)
    other.release()


def test_an_orphan_of_the_owner_keeps_the_directory_until_it_ends(lock: DirectoryLock) -> None:
    lock.acquire()
    with _orphan(lock) as orphan:
        lock.release()
        with pytest.raises(DirectoryInUseError, match="owner is gone"):
            lock.acquire(orphan_timeout=0.05)
        orphan.communicate()
    lock.acquire(orphan_timeout=0)


def test_an_owner_that_died_without_release_is_not_believed(
    lock: DirectoryLock, tmp_path: Path
) -> None:
    with subprocess.Popen(["true"]) as dead:
        dead.wait()
    (tmp_path / "lock").write_text(str(dead.pid))
    lock.acquire(orphan_timeout=0)
    assert (tmp_path / "lock").read_text() == str(os.getpid())


def test_an_orphan_whose_owner_died_is_waited_for(lock: DirectoryLock, tmp_path: Path) -> None:
    lock.acquire()
    with _orphan(lock) as orphan:
        lock.release()
        (tmp_path / "lock").write_text("999999999")
        with pytest.raises(DirectoryInUseError, match="owner is gone"):
            lock.acquire(orphan_timeout=0.05)
        orphan.communicate()


def test_a_lock_that_is_not_held_has_no_descriptor(lock: DirectoryLock) -> None:
    with pytest.raises(RuntimeError, match="acquire it"):
        lock.fileno()
