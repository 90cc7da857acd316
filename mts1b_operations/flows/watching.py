"""The shape of every flow that watches: decode, hold in shards, say what changed."""

from collections.abc import Callable

import bytewax.operators as op
from bytewax.operators import KeyedStream

from mts1b_operations.events.envelope import Emission, RawBatch
from mts1b_operations.flows.house import House
from mts1b_operations.operators.decode import Intake
from mts1b_operations.operators.watch import Columnar, Shard

Decode = Callable[[RawBatch], Intake]


def watching(
    name: str, raw: KeyedStream[RawBatch], decode: Decode, columnar: Columnar, house: House
) -> KeyedStream[Emission]:
    """Compose one watching flow. Emissions are keyed by subject, for sinks to spread them."""
    intake = op.map(f"{name}_decode", raw, lambda item: decode(item[1]))
    items = op.flat_map(f"{name}_items", intake, lambda taken: taken.items)
    announced = op.stateful_batch(
        f"{name}_shards",
        items,
        lambda snapshot: Shard(house.watch, columnar, house.options, snapshot),
    )
    reports = op.flat_map(
        f"{name}_reports", intake, lambda taken: [(one.subject, one) for one in taken.reports]
    )
    by_subject = op.map(f"{name}_subjects", announced, lambda item: (item[1].subject, item[1]))
    return op.merge(f"{name}_emissions", reports, by_subject)
