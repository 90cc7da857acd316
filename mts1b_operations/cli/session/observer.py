"""Reads everything that operations says, from the streams themselves, for a person to look at."""

import threading
from types import TracebackType
from typing import Self

from mts1b_operations.cli.views.facts import Seen
from mts1b_operations.events.streams import EVENTS, HALTS, READINGS
from mts1b_operations.events.subjects import REGISTRY
from mts1b_operations.operators.published import published
from mts1b_operations.sources.connection import Credentials
from mts1b_operations.sources.consumer import Subscription
from mts1b_operations.sources.jetstream import JetStreamPartition

_IDLE_S = 0.02
_PREFIX = "operations."


class Observer:
    """Follows readings, alerts, actions, halts and reports in a thread, from the beginning."""

    def __init__(self, login: Credentials) -> None:
        self.seen = Seen()
        self._ended = threading.Event()
        self._partitions = [
            JetStreamPartition(login, Subscription(stream, _patterns(stream)), stream, None)
            for stream in (READINGS, EVENTS, HALTS)
        ]
        self._thread = threading.Thread(target=self._follow, name="mts-observer", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._ended.set()
        self._thread.join()
        for partition in self._partitions:
            partition.close()

    def _follow(self) -> None:
        while not self._ended.is_set():
            batches = [item for one in self._partitions for item in one.next_batch()]
            for _, batch in batches:
                for emission in published(batch):
                    self.seen.saw(emission.event)
            if not batches:
                self._ended.wait(_IDLE_S)


def _patterns(stream: str) -> tuple[str, ...]:
    ours = (one for one in REGISTRY if one.stream == stream and one.name.startswith(_PREFIX))
    return tuple(one.pattern for one in ours)
