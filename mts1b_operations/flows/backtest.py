"""The same flows over files, without any server."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import bytewax.operators as op
from bytewax.dataflow import Dataflow

from mts1b_operations.events.streams import PARTITIONS
from mts1b_operations.flows.house import House
from mts1b_operations.flows.market import watch_market
from mts1b_operations.flows.portfolio import watch_portfolio
from mts1b_operations.operators.split import market_part, other_part
from mts1b_operations.operators.watch import ShardOptions
from mts1b_operations.sinks.jsonl import JsonLinesSink
from mts1b_operations.sources.files import EventFileSource, Progress

_SHARDS = 1
"""A fund's events have different last tokens: cut by those, they would change their order."""


def backtest_flow(
    paths: Sequence[Path], out: Path, house: House, arrival_ns: int, progress: Progress
) -> Dataflow:
    """Build the market and the portfolio flow over event files, with results as JSON lines.

    `arrival_ns` is the moment, in nanoseconds since 1970, that events must not lie beyond;
    `progress` is told of every batch of events read.
    """
    flow = Dataflow("backtest")
    house = replace(house, options=_for_one_shard(house.options))
    raw = op.input("files", flow, EventFileSource(paths, arrival_ns, _SHARDS, progress))
    market = watch_market(op.map_value("market_part", raw, market_part), house)
    portfolio = watch_portfolio(op.map_value("other_part", raw, other_part), house)
    op.output("results", op.merge("emissions", market, portfolio), JsonLinesSink(out))
    return flow


def _for_one_shard(options: ShardOptions) -> ShardOptions:
    return replace(options, max_keys=options.max_keys * PARTITIONS)
