"""The portfolio flow: NAV, P/L and the register of MTS_EVENTS to the watchdogs of funds."""

from collections.abc import Sequence
from functools import partial

from bytewax.operators import KeyedStream

from mts1b_operations.events.envelope import Emission, RawBatch
from mts1b_operations.events.fields import EventModel
from mts1b_operations.events.streams import EVENTS
from mts1b_operations.events.subjects import REGISTRY
from mts1b_operations.flows.house import House
from mts1b_operations.flows.watching import watching
from mts1b_operations.operators.decode import decode_events
from mts1b_operations.operators.watch import no_columns
from mts1b_operations.watchdogs.judging.market import MarketWatchdog
from mts1b_operations.watchdogs.registry import AnyWatchdog

NAME = "portfolio"
STREAM = EVENTS
_OURS = {"flows", "audit"}


def filters() -> dict[str, tuple[str, ...]]:
    """Give the subjects of the only partition: all that others publish, bad input included.

    Until the other flows of slow events exist, this one reports what is wrong with theirs.
    """
    others = (spec for spec in REGISTRY if not _OURS & set(spec.publishers))
    return {"events": tuple(spec.pattern for spec in others if spec.stream == STREAM)}


def watch_portfolio(raw: KeyedStream[RawBatch], house: House) -> KeyedStream[Emission]:
    """Compose the portfolio flow over micro-batches in stream order."""
    slow = [one for one in house.running() if not isinstance(one, MarketWatchdog)]
    decode = partial(decode_events, NAME, partial(_route, slow))
    return watching(NAME, raw, decode, no_columns, house)


def _route(watchdogs: Sequence[AnyWatchdog], event: EventModel) -> list[tuple[str, str]]:
    return [
        (watchdog.name, watchdog.route(event))
        for watchdog in watchdogs
        if isinstance(event, watchdog.consumes)
    ]
