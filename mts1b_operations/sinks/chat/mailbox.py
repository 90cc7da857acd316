"""The bounded queue between a dataflow, which must not wait, and a chat, which may be slow."""

import threading
from collections import deque
from collections.abc import Iterable

from mts1b_operations.sinks.chat.notices import Notice, summary_of


class Mailbox:
    """First in, first out, thread-safe. Nothing that a full mailbox sheds goes unmentioned.

    When `limit` notices wait, another one is counted instead of kept; an urgent one is kept all
    the same, in the place of the oldest that is not. The count is sent as a summary at the end.
    """

    def __init__(self, limit: int, unsent: Iterable[Notice] = (), shed: int = 0) -> None:
        self._limit = limit
        self._changed = threading.Condition()
        self._notices = deque(unsent)
        self._shed = shed

    def put(self, notices: Iterable[Notice]) -> None:
        """Queue `notices` without waiting."""
        with self._changed:
            for notice in notices:
                self._put(notice)
            self._changed.notify_all()

    def first(self, timeout: float) -> Notice | None:
        """Give the oldest notice, and leave it there; None when none comes in `timeout` s."""
        with self._changed:
            self._changed.wait_for(self._anything, timeout)
            if not self._notices and self._shed:
                self._notices.append(summary_of(self._shed))
                self._shed = 0
            return self._notices[0] if self._notices else None

    def done(self, notice: Notice) -> None:
        """Take out `notice`, which has been sent."""
        with self._changed:
            # While it was being sent, an urgent one may have pushed it out.
            if self._notices and self._notices[0] is notice:
                self._notices.popleft()
            self._changed.notify_all()

    def contents(self) -> tuple[list[Notice], int]:
        """Give the unsent notices and the number of those that were shed."""
        with self._changed:
            return list(self._notices), self._shed

    def wait_empty(self, timeout: float) -> bool:
        """Wait until everything is sent; False when that takes longer than `timeout` s."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._anything(), timeout)

    def wake(self) -> None:
        """Make whoever waits look again."""
        with self._changed:
            self._changed.notify_all()

    def _anything(self) -> bool:
        return bool(self._notices or self._shed)

    def _put(self, notice: Notice) -> None:
        if len(self._notices) >= self._limit:
            self._shed += 1
            if not notice.urgent:
                return
            self._evict()
        self._notices.append(notice)

    def _evict(self) -> None:
        for waiting in self._notices:
            if not waiting.urgent:
                self._notices.remove(waiting)
                return
        # Every one is urgent, so none was shed.
        self._shed -= 1
