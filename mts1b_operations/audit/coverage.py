"""Which sequences of a stream the chain holds, so that what vanished unread is noticed."""

from collections.abc import Iterable
from dataclasses import dataclass

import psycopg
from psycopg.types.multirange import Multirange
from psycopg.types.range import Range

Span = tuple[int, int]
"""Sequences from the first number up to, and without, the second."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """The sequences of one stream (as created at `created`) that are accounted for.

    `spans` are ordered, apart from each other and not empty. A redelivery may come after newer
    messages, so one number is not enough: it would take what is still on its way for audited.
    """

    stream: str
    created: str
    spans: tuple[Span, ...] = ()

    @property
    def next_sequence(self) -> int:
        """Give the sequence after the highest one accounted for; 1 for none."""
        return self.spans[-1][1] if self.spans else 1

    def including(self, sequences: Iterable[int]) -> "Coverage":
        """Give the coverage once `sequences` are accounted for too."""
        return self._merged((sequence, sequence + 1) for sequence in sequences)

    def including_spans(self, spans: Iterable[Span]) -> "Coverage":
        """Give the coverage once `spans` are accounted for too."""
        return self._merged(spans)

    def _merged(self, more: Iterable[Span]) -> "Coverage":
        merged: list[Span] = []
        for first, end in sorted((*self.spans, *more)):
            if merged and first <= merged[-1][1]:
                merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
            else:
                merged.append((first, end))
        return Coverage(self.stream, self.created, tuple(merged))

    def missing_below(self, sequence: int) -> list[Span]:
        """Give what is not accounted for among the sequences from 1 up to, without, `sequence`."""
        missing = []
        at = 1
        for first, end in self.spans:
            if first >= sequence:
                break
            if first > at:
                missing.append((at, first))
            at = end
        if at < sequence:
            missing.append((at, sequence))
        return missing


def load_coverage(session: psycopg.Connection, stream: str) -> Coverage | None:
    """Read the recorded coverage of `stream`; None where there is none."""
    row = session.execute(
        "SELECT created, audited FROM audit_coverage WHERE stream = %s", [stream]
    ).fetchone()
    if row is None:
        return None
    return Coverage(stream, row[0], tuple((span.lower, span.upper) for span in row[1]))


def save_coverage(session: psycopg.Connection, coverage: Coverage) -> None:
    """Record `coverage` in the transaction that is open."""
    audited = Multirange([Range(first, end) for first, end in coverage.spans])
    session.execute(
        "INSERT INTO audit_coverage (stream, created, audited) VALUES (%s, %s, %s) "
        "ON CONFLICT (stream) DO UPDATE SET created = EXCLUDED.created, audited = EXCLUDED.audited",
        [coverage.stream, coverage.created, audited],
    )
