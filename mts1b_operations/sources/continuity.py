"""Notices that a stream lost messages under a reader that was reading.

A consumer whose next messages are purged or trimmed is handed later ones without a word, and a
filtered consumer's sequences jump anyway. So jumps are remembered and held against the stream's
first sequence, which is asked for every few seconds.
"""

from mts1b_operations.events.envelope import LostRange

_REASON = "messages were purged or removed by retention before they were read"


class Continuity:
    """Remembers from where the deliveries jumped since the last two surveys."""

    def __init__(self) -> None:
        self._jump: int | None = None
        self._earlier_jump: int | None = None
        self._reported = 0

    @property
    def unproven_from(self) -> int | None:
        """Give the first sequence that was jumped over and may turn out to be lost."""
        jumps = (self._earlier_jump, self._jump)
        return min((jump for jump in jumps if jump is not None), default=None)

    def delivered(self, expected: int, sequence: int) -> None:
        """Note a delivery at `sequence` where `expected` was the next one wanted."""
        if sequence > expected and (self._jump is None or expected < self._jump):
            self._jump = expected

    def surveyed(self, first_sequence: int, standing_at: int | None) -> LostRange | None:
        """Hold the jumps against the stream's first sequence; give what may be lost.

        `standing_at` is the next sequence wanted, or None while deliveries are under way.
        Errs on the side of reporting: a message trimmed within seconds of its delivery counts.
        """
        starts = [one for one in (self.unproven_from, standing_at) if one is not None]
        self._earlier_jump, self._jump = self._jump, None
        expected = min(starts, default=first_sequence)
        if expected >= first_sequence or first_sequence <= self._reported:
            return None
        self._reported = first_sequence
        return LostRange(_REASON, expected, first_sequence)
