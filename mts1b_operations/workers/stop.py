"""One request to stop, seen by every task of a worker."""

import asyncio
import signal


class StoppedError(Exception):
    """The worker was asked to stop while it waited; nothing half-done is left behind."""


class Stop:
    """Set once, by SIGTERM, SIGINT or `request`; belongs to the running event loop."""

    def __init__(self) -> None:
        self._requested = asyncio.Event()

    @property
    def requested(self) -> bool:
        """Tell whether the worker should come to an end."""
        return self._requested.is_set()

    def request(self) -> None:
        """Ask every task to finish what it holds and return."""
        self._requested.set()

    def on_signals(self) -> None:
        """Let SIGTERM and SIGINT ask."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.request)

    async def pause(self, seconds: float) -> None:
        """Wait `seconds`. Raises StoppedError as soon as the worker is asked to stop."""
        try:
            await asyncio.wait_for(self._requested.wait(), seconds)
        except TimeoutError:
            return
        raise StoppedError
