"""Reads everything that operations says, from the streams themselves, for a person to look at."""

import threading

from mts1b_operations.cli.session.beside import Beside
from mts1b_operations.cli.views.facts import Seen
from mts1b_operations.events.streams import EVENTS, HALTS, READINGS
from mts1b_operations.events.subjects import REGISTRY
from mts1b_operations.operators.published import published
from mts1b_operations.sources.connection import Credentials
from mts1b_operations.sources.consumer import Subscription
from mts1b_operations.sources.jetstream import JetStreamPartition

_IDLE_S = 0.02
_PREFIX = "operations."


class Observer(Beside):
    """Follows readings, alerts, actions, halts and reports from the beginning of the streams."""

    def __init__(self, login: Credentials) -> None:
        super().__init__("mts-observer")
        self.seen = Seen()
        self._partitions = [
            JetStreamPartition(login, Subscription(stream, _patterns(stream)), stream, None)
            for stream in (READINGS, EVENTS, HALTS)
        ]

    def follow(self, ended: threading.Event) -> None:
        """Fold what comes into `seen` until `ended` is set."""
        while not ended.is_set():
            batches = [item for one in self._partitions for item in one.next_batch()]
            for _, batch in batches:
                for emission in published(batch):
                    self.seen.saw(emission.event)
            if not batches:
                ended.wait(_IDLE_S)
        for partition in self._partitions:
            partition.close()


def _patterns(stream: str) -> tuple[str, ...]:
    ours = (one for one in REGISTRY if one.stream == stream and one.name.startswith(_PREFIX))
    return tuple(one.pattern for one in ours)
