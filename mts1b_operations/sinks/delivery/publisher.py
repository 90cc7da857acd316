"""One background thread with one event loop: where every publish of a sink happens."""

import asyncio
import threading
from collections.abc import Sequence
from contextlib import suppress

from pydantic import SecretStr

from mts1b_operations.sinks.delivery.courier import Courier
from mts1b_operations.sinks.delivery.link import Login
from mts1b_operations.sinks.delivery.outbox import DeliveryError, Parcel

_START_TIMEOUT = 10.0
_STOP_TIMEOUT = 10.0


class Publisher:
    """Hands parcels to a courier in a thread of its own. Thread-safe.

    `servers` are NATS URLs, tried in turn; `user` is the role to publish as; `ack_timeout` is in
    seconds, after which an unacknowledged message is sent again under the same id.
    """

    def __init__(
        self, servers: Sequence[str], user: str, password: SecretStr, ack_timeout: float = 5.0
    ) -> None:
        self._login = Login(tuple(servers), user, password)
        self._ack_timeout = ack_timeout
        self._lock = threading.Lock()
        self._users = 0
        self._thread: threading.Thread | None = None
        self._ready = threading.Event()

    def acquire(self) -> None:
        """Count one more user, and start the thread for the first one."""
        with self._lock:
            self._users += 1
            if self._thread is None:
                self._start()

    def release(self) -> None:
        """Count one user less, and stop the thread after the last one."""
        with self._lock:
            self._users -= 1
            if self._users == 0 and self._thread is not None:
                self._stop(self._thread)

    def send(self, parcels: Sequence[Parcel]) -> None:
        """Queue `parcels`; returns at once. Their outboxes tell what becomes of them."""
        self._loop.call_soon_threadsafe(self._courier.accept, parcels)

    def _start(self) -> None:
        self._ready.clear()
        self._thread = threading.Thread(target=self._main, name="mts-publisher", daemon=True)
        self._thread.start()
        if not self._ready.wait(_START_TIMEOUT):
            raise DeliveryError(
                f"expected the publisher's thread to start within {_START_TIMEOUT:g} s, found it "
                "still starting; the machine is overloaded, start again"
            )

    def _stop(self, thread: threading.Thread) -> None:
        # A loop that has died already needs no stopping.
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._courier.stop)
        thread.join(_STOP_TIMEOUT)
        self._thread = None

    def _main(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._courier = Courier(self._login, self._ack_timeout)
        self._ready.set()
        try:
            await self._courier.run()
        finally:
            self._courier.abandon("the publisher has stopped; start the process again")
