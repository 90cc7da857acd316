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
        self._jumps: list[int] = []
        self._earlier: list[int] = []
        self._reported = 0

    def delivered(self, expected: int, sequence: int) -> None:
        """Note a delivery at `sequence` where `expected` was the next one wanted."""
        if sequence > expected:
            self._jumps = [min([expected, *self._jumps])]

    def surveyed(self, first_sequence: int, standing_at: int | None) -> LostRange | None:
        """Hold the jumps against the stream's first sequence; give what may be lost.

        `standing_at` is the next sequence wanted, or None while deliveries are under way.
        Errs on the side of reporting: a message trimmed within seconds of its delivery counts.
        """
        starts = [*self._earlier, *self._jumps]
        if standing_at is not None:
            starts.append(standing_at)
        self._earlier, self._jumps = self._jumps, []
        expected = min(starts, default=first_sequence)
        if expected >= first_sequence or first_sequence <= self._reported:
            return None
        self._reported = first_sequence
        return LostRange(_REASON, expected, first_sequence)
