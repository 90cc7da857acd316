"""How long to wait before the next attempt."""

import random
from collections.abc import Callable


class Backoff:
    """Delays in seconds that double from `first` to `longest`, each cut by up to a half.

    The jitter keeps processes that lost the same server from coming back at the same instant.
    """

    def __init__(
        self,
        first: float = 0.1,
        longest: float = 5.0,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._first = first
        self._longest = longest
        self._next = first
        self._chance = chance

    def delay(self) -> float:
        """Give the next delay, in seconds."""
        longest = self._next
        self._next = min(self._longest, 2 * self._next)
        return longest * (0.5 + 0.5 * self._chance())

    def reset(self) -> None:
        """Begin again: the last attempt succeeded."""
        self._next = self._first
