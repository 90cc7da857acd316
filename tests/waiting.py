"""Waiting for a real process without sleeping a fixed time."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

_POLL_SECONDS = 0.01


def until(predicate: Callable[[], T], deadline: float = 10.0) -> T:
    """Ask `predicate` until its answer is true, and give that answer.

    Raises AssertionError with the last answer after `deadline` seconds.
    """
    end = time.monotonic() + deadline
    while not (answer := predicate()):
        if time.monotonic() > end:
            raise AssertionError(f"not true within {deadline:g} s; the last answer: {answer!r}")
        time.sleep(_POLL_SECONDS)
    return answer
