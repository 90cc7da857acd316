"""A progress line for work that takes longer than a second; silent off a terminal."""

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

_PATIENCE_S = 1.0


@dataclass(slots=True)
class Counter:
    """How much has been done; written by the worker, read by the display."""

    done: int = 0
    started: float = field(default_factory=time.monotonic)

    def __call__(self, done: int) -> None:
        """Note that `done` items have been handled in all."""
        self.done = done

    @property
    def rate(self) -> float:
        """Give items a second since the start."""
        return self.done / max(1e-9, time.monotonic() - self.started)


@contextmanager
def counting(what: str) -> Iterator[Counter]:
    """Show how many events have been handled, and how fast, while the block runs."""
    counter = Counter()
    finished = threading.Event()
    display = threading.Thread(target=_show, args=(what, counter, finished), daemon=True)
    display.start()
    try:
        yield counter
    finally:
        finished.set()
        display.join()


def _show(what: str, counter: Counter, finished: threading.Event) -> None:
    if finished.wait(_PATIENCE_S) or not sys.stderr.isatty():
        return
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(what)
        while not finished.wait(0.2):
            text = f"{what}: {counter.done:,} events, {counter.rate:,.0f}/s"
            progress.update(task, description=text)
