"""One stream's parcels on the publisher's side: waiting, under way, and when to try again."""

import heapq
import logging

from mts1b_operations.sinks.delivery.backoff import Backoff
from mts1b_operations.sinks.delivery.outbox import Parcel

_LOG = logging.getLogger(__name__)


class Lane:
    """Decides what to send to one stream, and when. Times are seconds of one monotonic clock.

    A flowing lane sends whatever it has. A refusal or a missing acknowledgement stalls it: then
    one parcel at a time, the oldest, goes out as a probe, after a delay that grows; the first
    acknowledgement sets everything free. Order is that of hand-over, except across a retry.
    """

    def __init__(self, stream: str, ack_timeout: float, backoff: Backoff | None = None) -> None:
        self._stream = stream
        self._ack_timeout = ack_timeout
        self._backoff = backoff or Backoff()
        self._waiting: list[tuple[int, Parcel]] = []
        self._flying: dict[Parcel, float] = {}
        self._probe: Parcel | None = None
        self._stalled_since: float | None = None
        self._next_probe = 0.0

    def add(self, parcel: Parcel) -> None:
        """Queue `parcel`."""
        heapq.heappush(self._waiting, (parcel.number, parcel))

    def due(self, now: float, limit: int = 64) -> list[Parcel]:
        """Give up to `limit` parcels to send now; they count as under way from here on."""
        if self._stalled_since is None:
            parcels = self._take(limit)
        elif self._probe is None and now >= self._next_probe:
            parcels = self._take(1)
            self._probe = parcels[0] if parcels else None
        else:
            parcels = []
        # Under way before the first byte leaves: should sending raise, none is forgotten.
        self._flying.update(dict.fromkeys(parcels, now))
        return parcels

    def acknowledged(self, parcel: Parcel, now: float) -> None:
        """Settle `parcel`: the stream has it. Late and repeated acknowledgements are welcome."""
        self._flying.pop(parcel, None)
        parcel.outbox.settle(parcel)
        if self._stalled_since is not None:
            _LOG.warning(
                "%s: delivery resumed after %.1f s", self._stream, now - self._stalled_since
            )
            self._flow()

    def refused(self, parcel: Parcel, reason: str, now: float, *, full: bool = False) -> None:
        """Queue `parcel` again after the stream's refusal; `full` says that it has no room."""
        if self._flying.pop(parcel, None) is None:
            return
        parcel.outbox.delay(parcel, reason, full=full)
        self.add(parcel)
        if self._stalled_since is None:
            self._stall(reason, now)
        elif parcel is self._probe:
            self._probe = None
            self._next_probe = now + self._backoff.delay()

    def expire(self, now: float) -> None:
        """Refuse what has waited longer than the timeout for its acknowledgement."""
        # Insertion order is sending order, so the first that is in time ends the search.
        while self._flying:
            parcel, since = next(iter(self._flying.items()))
            if now - since <= self._ack_timeout:
                return
            self.refused(parcel, f"no acknowledgement in {self._ack_timeout:g} s", now)

    def disconnected(self, reason: str) -> None:
        """Queue everything that was under way: its acknowledgements will never arrive."""
        for parcel in self._flying:
            self.add(parcel)
        self._flying.clear()
        self._probe = None
        for _, parcel in self._waiting:
            parcel.outbox.delay(parcel, reason, full=False)

    def _take(self, limit: int) -> list[Parcel]:
        taken: list[Parcel] = []
        while self._waiting and len(taken) < limit:
            _, parcel = heapq.heappop(self._waiting)
            if not parcel.settled:
                taken.append(parcel)
        return taken

    def _stall(self, reason: str, now: float) -> None:
        self._stalled_since = now
        self._next_probe = now + self._backoff.delay()
        _LOG.warning("%s: delivery stalled: %s; trying again", self._stream, reason)

    def _flow(self) -> None:
        self._stalled_since = None
        self._probe = None
        self._backoff.reset()
