"""What of a stream can never be audited: removed, rewound or recreated before it was read."""

from dataclasses import dataclass

from mts1b_operations.audit.coverage import Coverage
from mts1b_operations.events.contracts.audit import Gap


@dataclass(frozen=True, slots=True)
class StreamFacts:
    """A stream and our consumer as the server describes them.

    `ack_floor` is the sequence up to which the consumer expects nothing more: everything below
    was acknowledged by us, or is gone.
    """

    created: str
    first_sequence: int
    last_sequence: int
    ack_floor: int


@dataclass(frozen=True, slots=True)
class Continuation:
    """What to go on with, and the gap to report first (None: nothing is lost)."""

    coverage: Coverage
    gap: Gap | None = None


def continuation(
    known: Coverage | None, stream: str, found: StreamFacts, source: str
) -> Continuation:
    """Compare what the chain holds of `stream` with what the server says of it."""
    fresh = Coverage(stream, found.created)
    if known is not None and known.created != found.created:
        skipped = [(1, found.first_sequence)] if found.first_sequence > 1 else []
        reason = f"the stream of {known.created} was deleted and created again"
        gap = _gap(known, source, reason, known.next_sequence, max(1, found.first_sequence))
        return Continuation(fresh.including_spans(skipped), gap)
    coverage = known or fresh
    if found.last_sequence + 1 < coverage.next_sequence:
        end = found.last_sequence + 1
        gap = _gap(coverage, source, "the stream lost its tail", coverage.next_sequence, end)
        kept = tuple((a, min(b, end)) for a, b in coverage.spans if a < end)
        return Continuation(Coverage(stream, coverage.created, kept), gap)
    return _without_what_is_gone(coverage, found, source)


def _without_what_is_gone(coverage: Coverage, found: StreamFacts, source: str) -> Continuation:
    missing = coverage.missing_below(max(found.ack_floor + 1, found.first_sequence))
    if not missing:
        return Continuation(coverage)
    lost = sum(end - first for first, end in missing)
    reason = f"{lost} messages were removed before they were audited"
    gap = _gap(coverage, source, reason, missing[0][0], missing[-1][1])
    return Continuation(coverage.including_spans(missing), gap)


def _gap(coverage: Coverage, source: str, reason: str, expected: int, found: int) -> Gap:
    return Gap(
        source=source,
        stream=coverage.stream,
        partition="0",
        reason=reason,
        expected_sequence=expected,
        found_sequence=found,
    )
