"""The market flow: trades and bars of MTS_MARKETDATA to the watchdogs of symbols."""

from functools import partial

from bytewax.operators import KeyedStream

from mts1b_operations.events.envelope import Emission, RawBatch
from mts1b_operations.events.streams import MARKETDATA, PARTITIONS
from mts1b_operations.events.subjects import PREFIX
from mts1b_operations.flows.house import House
from mts1b_operations.flows.watching import watching
from mts1b_operations.operators.decode import decode_market
from mts1b_operations.operators.market import MarketFeed
from mts1b_operations.watchdogs.judging.market import MarketWatchdog

NAME = "market"
STREAM = MARKETDATA


def filters() -> dict[str, tuple[str, ...]]:
    """Give the stored subjects of each partition; quotes too, so that bad ones are reported."""
    return {str(p): (f"{PREFIX}marketdata.*.{p}.*",) for p in range(PARTITIONS)}


def watch_market(raw: KeyedStream[RawBatch], house: House) -> KeyedStream[Emission]:
    """Compose the market flow over micro-batches keyed by partition."""
    columnar = [one for one in house.running() if isinstance(one, MarketWatchdog)]
    return watching(NAME, raw, partial(decode_market, NAME), MarketFeed(columnar), house)
