"""From stored messages of our own back to the emissions that they were: what sinks take in."""

from mts1b_operations.events.canonical import digest
from mts1b_operations.events.decode import decode
from mts1b_operations.events.envelope import MESSAGE_ID, Emission, RawBatch, RawMessage, header


def published(batch: RawBatch) -> list[Emission]:
    """Give what a batch of alerts, halts, actions or readings holds; foreign content is skipped.

    What was refused here has already been reported by whoever reads that subject for its content.
    """
    return [
        Emission(event, _event_id(batch.stream, message, index), _actor(message), message.arrival)
        for message in batch.messages()
        for index, event in enumerate(decode(message).events)
    ]


def _event_id(stream: str, message: RawMessage, index: int) -> str:
    known = header(message.headers, "ce-id") or header(message.headers, MESSAGE_ID)
    return known if known and index == 0 else digest(stream, message.sequence, index)


def _actor(message: RawMessage) -> str:
    return header(message.headers, "ce-source") or "unknown"
