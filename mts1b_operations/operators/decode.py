"""From raw micro-batches to what the shards take in; what is refused or lost becomes a report."""

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256

from mts1b_operations.events.columns import MarketBatch, MarketColumns
from mts1b_operations.events.contracts.audit import Gap, Rejected
from mts1b_operations.events.decode import decode
from mts1b_operations.events.envelope import (
    Emission,
    LostRange,
    Provenance,
    RawBatch,
    RawMessage,
    identified,
)
from mts1b_operations.events.fields import EventModel
from mts1b_operations.events.streams import PARTITIONS, partition_of
from mts1b_operations.events.subjects import encode_token


@dataclass(frozen=True, slots=True)
class Observation:
    """One event, for one key of one watchdog."""

    watchdog: str
    key: str
    event: EventModel
    provenance: Provenance


ShardItem = MarketBatch | list[Observation] | LostRange
"""What a shard takes in: market data in columns, single observations, or word of a loss."""

_LARGEST_KEPT = 4 << 20
"""Bytes of a payload that fit, in base64, into one message of eight megabytes."""

Route = Callable[[EventModel], Sequence[tuple[str, str]]]
"""Names the (watchdog, key) pairs that an event is for."""


@dataclass(slots=True)
class Intake:
    """What one raw batch became: items for shards, and reports for the world."""

    items: list[tuple[str, ShardItem]] = field(default_factory=list)
    reports: list[Emission] = field(default_factory=list)


def shard_of(key: str) -> str:
    """Give the shard that holds `key`: the same that the stream's partitioning would choose."""
    return str(partition_of(encode_token(key)))


def decode_market(flow: str, batch: RawBatch) -> Intake:
    """Decode one partition's market data into columns. The shard is the partition."""
    if batch.lost is not None:
        return Intake([(batch.partition, batch.lost)], [_gap(flow, batch, batch.lost)])
    intake, columns = Intake(), MarketColumns(batch.stream)
    for message in batch.messages():
        decoded = decode(message)
        for event in decoded.events:
            columns.add(event, message.sequence)
        intake.reports.extend(_refusals(flow, batch.stream, message, decoded.reasons))
    intake.items.append((batch.partition, columns.finish()))
    return intake


def decode_events(flow: str, route: Route, batch: RawBatch) -> Intake:
    """Decode slow events, each for every watchdog that wants it, gathered by shard."""
    if batch.lost is not None:
        everyone = [(str(shard), batch.lost) for shard in range(PARTITIONS)]
        return Intake([*everyone], [_gap(flow, batch, batch.lost)])
    intake = Intake()
    shards: dict[str, list[Observation]] = {}
    for message in batch.messages():
        decoded = decode(message)
        provenance = Provenance(batch.stream, message.sequence, message.arrival)
        for event in decoded.events:
            for watchdog, key in route(event):
                observation = Observation(watchdog, key, event, provenance)
                shards.setdefault(shard_of(key), []).append(observation)
        intake.reports.extend(_refusals(flow, batch.stream, message, decoded.reasons))
    intake.items.extend(shards.items())
    return intake


def _refusals(
    flow: str, stream: str, message: RawMessage, reasons: Sequence[str]
) -> list[Emission]:
    """Report each refused element. The hash tells a recreated stream's messages from the old.

    The first report of a message carries its bytes; the others would only repeat them, and an
    array of many bad elements would grow by its square.
    """
    if not reasons:
        return []
    content = sha256(message.payload).hexdigest()
    return [
        identified(
            Rejected(
                source=flow,
                subject=message.subject,
                reason=reason + _shortening(message.payload),
                stream=stream,
                sequence=message.sequence,
                payload_base64=_kept(message.payload) if index == 0 else "",
                timestamp=message.arrival,
            ),
            message.arrival,
            flow,
            stream,
            message.sequence,
            index,
            content,
        )
        for index, reason in enumerate(reasons)
    ]


def _kept(payload: bytes) -> str:
    return base64.b64encode(payload[:_LARGEST_KEPT]).decode()


def _shortening(payload: bytes) -> str:
    if len(payload) <= _LARGEST_KEPT:
        return ""
    return f" (the first {_LARGEST_KEPT} of {len(payload)} bytes are kept here)"


def _gap(flow: str, batch: RawBatch, lost: LostRange) -> Emission:
    gap = Gap(
        source=flow,
        stream=batch.stream,
        partition=batch.partition,
        reason=lost.reason,
        expected_sequence=lost.expected,
        found_sequence=lost.found,
    )
    noticed = datetime.fromtimestamp(batch.noticed_ns / 1e9, tz=UTC)
    # The flow is part of what happened: another that reads the same stream has a gap of its own.
    facts = (flow, batch.stream, batch.partition, lost.expected, lost.found, lost.reason)
    return identified(gap, noticed, flow, *facts)
