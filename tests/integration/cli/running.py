"""A real `up` and the processes below it, as /proc shows them."""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.integration.cli.command import COMMAND, environment
from tests.waiting import until

_READY_S = 60


@dataclass(frozen=True)
class Process:
    """A process at one moment. `born` tells it from a later one with the same number."""

    pid: int
    parent: int
    born: int
    state: str
    command: str
    python: bool

    @property
    def lives(self) -> bool:
        """Tell whether this very process still does something."""
        now = _process(self.pid)
        return now is not None and now.born == self.born and now.state not in "ZX"


def _process(pid: int) -> Process | None:
    """Read /proc/<pid> (proc(5)); None where the process has ended."""
    folder = Path("/proc") / str(pid)
    try:
        # The name in brackets may hold spaces and brackets.
        fields = (folder / "stat").read_text().rpartition(")")[2].split()
        words = (folder / "cmdline").read_bytes().decode().split("\0")
        program = (folder / "exe").readlink().name
    except OSError:
        return None
    born = int(fields[19])
    return Process(
        pid, int(fields[1]), born, fields[0], " ".join(words), program.startswith("python")
    )


def descendants(ancestor: int) -> list[Process]:
    """Give all processes below `ancestor`, however deep."""
    found = [_process(int(path.name)) for path in Path("/proc").iterdir() if path.name.isdecimal()]
    children: dict[int, list[Process]] = {}
    for one in found:
        if one is not None:
            children.setdefault(one.parent, []).append(one)
    below, next_ones = [], children.get(ancestor, [])
    while next_ones:
        below += next_ones
        next_ones = [child for one in next_ones for child in children.get(one.pid, [])]
    return below


class Up:
    """A running `up`, what it has said, and everything it has started."""

    def __init__(self, process: "subprocess.Popen[bytes]", folder: Path) -> None:
        self.process = process
        self._folder = folder
        self.seen: dict[tuple[int, int], Process] = {}

    def said(self) -> str:
        return (self._folder / "up.err").read_text() + (self._folder / "up.out").read_text()

    def printed(self) -> str:
        return (self._folder / "up.out").read_text()

    def look(self) -> list[Process]:
        """Give the processes below this one now, and remember them."""
        below = descendants(self.process.pid)
        self.seen.update({(one.pid, one.born): one for one in below})
        return below

    def left(self) -> list[Process]:
        """Give the processes that were ever seen and live still."""
        return [one for one in self.seen.values() if one.lives]

    def await_word(self, word: str) -> None:
        """Wait until `word` has been printed; fails at once when the process has ended."""

        def printed() -> bool:
            self.look()
            assert self.process.poll() is None, self.said()
            return word in self.said()

        until(printed, _READY_S)

    def find(self, words: str) -> Process:
        """Give the only process whose command line holds `words`."""
        [found] = [one for one in self.look() if words in one.command]
        return found

    def ask_to_stop(self) -> None:
        self.look()
        self.process.send_signal(signal.SIGTERM)

    def wait(self, seconds: float) -> int:
        """Look on until it has ended, and give its exit code."""

        def ended() -> bool:
            self.look()
            return self.process.poll() is not None

        until(ended, seconds)
        return self.process.wait()


@contextmanager
def up(folder: Path, *options: object) -> Iterator[Up]:
    """Run `up` for the block; at its end nothing that it started is left, by force if need be."""
    folder.mkdir(parents=True, exist_ok=True)
    argv = [*COMMAND, "up", *map(str, options)]
    with (folder / "up.out").open("wb") as out, (folder / "up.err").open("wb") as err:
        process = subprocess.Popen(
            argv, env=environment(), stdin=subprocess.DEVNULL, stdout=out, stderr=err
        )
    running = Up(process, folder)
    try:
        yield running
    finally:
        running.look()
        if process.poll() is None:
            process.kill()
            process.wait(timeout=10)
        for one in running.left():
            os.kill(one.pid, signal.SIGKILL)
