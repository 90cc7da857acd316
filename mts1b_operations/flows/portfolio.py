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
from mts1b_operations.operators.market import ColumnarWatchdog
from mts1b_operations.operators.watch import no_columns
from mts1b_operations.watchdogs.registry import AnyWatchdog

NAME = "portfolio"
STREAM = EVENTS
_DOMAINS = ("portfolio.", "strategy.", "registry.")


def filters() -> dict[str, tuple[str, ...]]:
    """Give the subjects of the only partition: whole domains, so that bad input is reported."""
    patterns = [spec.pattern for spec in REGISTRY if spec.name.startswith(_DOMAINS)]
    return {"events": tuple(patterns)}


def watch_portfolio(raw: KeyedStream[RawBatch], house: House) -> KeyedStream[Emission]:
    """Compose the portfolio flow over micro-batches in stream order."""
    slow = [one for one in house.running() if not isinstance(one, ColumnarWatchdog)]
    decode = partial(decode_events, NAME, partial(_route, slow))
    return watching(NAME, raw, decode, no_columns, house)


def _route(watchdogs: Sequence[AnyWatchdog], event: EventModel) -> list[tuple[str, str]]:
    return [
        (watchdog.name, watchdog.route(event))
        for watchdog in watchdogs
        if isinstance(event, watchdog.consumes)
    ]
