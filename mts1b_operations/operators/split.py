"""Cuts a mixed micro-batch, such as a file's, into what is market data and what is not."""

from itertools import compress

from mts1b_operations.events.envelope import RawBatch
from mts1b_operations.events.subjects import PREFIX

_MARKET = PREFIX + "marketdata."


def market_part(batch: RawBatch) -> RawBatch:
    """Give the messages under `marketdata.`, in order; word of a loss goes to both parts."""
    return _kept(batch, [subject.startswith(_MARKET) for subject in batch.subjects])


def other_part(batch: RawBatch) -> RawBatch:
    """Give all other messages, in order: those that nobody could read are among them."""
    return _kept(batch, [not subject.startswith(_MARKET) for subject in batch.subjects])


def _kept(batch: RawBatch, chosen: list[bool]) -> RawBatch:
    places = list(compress(range(len(batch)), chosen))
    faults = {new: batch.faults[old] for new, old in enumerate(places) if old in batch.faults}
    return RawBatch(
        batch.stream,
        batch.partition,
        list(compress(batch.subjects, chosen)),
        list(compress(batch.payloads, chosen)),
        list(compress(batch.sequences, chosen)),
        list(compress(batch.arrivals_ns, chosen)),
        list(compress(batch.headers, chosen)),
        faults,
        batch.lost,
        batch.noticed_ns,
    )
