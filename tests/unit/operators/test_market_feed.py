"""The feed: every row reaches the watch of its symbol, in stream order, kind by kind."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import cast

import pytest

from mts1b_operations.events.columns import Floats, Ints, MarketBatch, MarketColumns
from mts1b_operations.events.contracts.alerts import Reading
from mts1b_operations.events.contracts.market import Bar, Trade, TradeBatch
from mts1b_operations.events.envelope import Emission
from mts1b_operations.events.fields import EventModel
from mts1b_operations.flows.house import House
from mts1b_operations.operators.market import MarketFeed
from mts1b_operations.operators.watch import AnyKeyWatch
from mts1b_operations.settings.tree import SettingsTree
from mts1b_operations.watchdogs.judging.market import MarketWatchdog
from mts1b_operations.watchdogs.judging.measurement import Measurement
from tests.trades import START

pytestmark = pytest.mark.unit

FIRM = {"vpin": {"bucket_volume": 10, "window": 2, "session": None, "sigma": 0.05}}


@dataclass
class Recorder:
    """A columnar watchdog that notes what it is given and measures nothing."""

    name: str = "vpin"
    calls: list[tuple[str, list[float], list[int]]] = field(default_factory=list)

    def observe_trades(
        self,
        settings: object,
        state: object,
        stream: str,
        times_ns: Ints,
        prices: Floats,
        sizes: Floats,
        sequences: Ints,
    ) -> list[Measurement]:
        del settings, state, stream, times_ns, sizes
        self.calls.append(("trades", prices.tolist(), sequences.tolist()))
        return []

    def observe_bars(  # noqa: PLR0917 - columns come side by side
        self,
        settings: object,
        state: object,
        stream: str,
        starts_ns: Ints,
        interval: str,
        opens: Floats,
        closes: Floats,
        volumes: Floats,
        sequences: Ints,
    ) -> list[Measurement]:
        del settings, state, stream, starts_ns, opens, volumes
        self.calls.append((interval, closes.tolist(), sequences.tolist()))
        return []


def trade(number: int, symbol: str = "IBM", size: float = 1.0) -> Trade:
    moment = START + timedelta(seconds=number)
    return Trade(symbol=symbol, timestamp=moment, price=float(number), size=size)


def bar(number: int, symbol: str = "IBM", interval: str = "1m") -> Bar:
    moment = START + timedelta(minutes=number)
    prices = dict.fromkeys(("open", "high", "low", "close"), float(number))
    return Bar(symbol=symbol, timestamp=moment, interval=interval, volume=10.0, **prices)


def batch(*events: EventModel) -> MarketBatch:
    """Number the events from 1 on."""
    columns = MarketColumns("S")
    for sequence, event in enumerate(events, start=1):
        columns.add(event, sequence)
    return columns.finish()


class Watches:
    """The watches of a shard."""

    def __init__(self) -> None:
        self._house = House(tree=SettingsTree(watchdogs=FIRM))
        self.by_symbol: dict[str, AnyKeyWatch] = {}

    def __call__(self, watchdog: str, symbol: str) -> AnyKeyWatch:
        return self.by_symbol.setdefault(symbol, self._house.watch(watchdog, symbol))


def calls(*events: EventModel) -> list[tuple[str, list[float], list[int]]]:
    recorder = Recorder()
    MarketFeed([cast("MarketWatchdog[object, object]", recorder)])(batch(*events), Watches())
    return recorder.calls


def test_rows_reach_their_symbol_in_order() -> None:
    mixed = (trade(1, "A"), trade(2, "B"), trade(3, "A"), trade(4, "B"), trade(5, "C"))
    assert calls(*mixed) == [
        ("trades", [1.0, 3.0], [1, 3]),
        ("trades", [2.0, 4.0], [2, 4]),
        ("trades", [5.0], [5]),
    ]


def test_rows_of_one_message_stay_together() -> None:
    moments = [START, START + timedelta(seconds=1)]
    columns = TradeBatch(symbol="IBM", timestamps=moments, prices=[7.0, 8.0], sizes=[1.0, 1.0])
    assert calls(trade(6), columns, trade(9)) == [("trades", [6.0, 7.0, 8.0, 9.0], [1, 2, 2, 3])]


def test_bars_come_one_interval_after_the_other() -> None:
    mixed = (bar(1), bar(2, interval="5m"), bar(3), bar(4, interval="5m"))
    assert calls(*mixed) == [("1m", [1.0, 3.0], [1, 3]), ("5m", [2.0, 4.0], [2, 4])]


@pytest.mark.parametrize(
    ("events", "kinds"),
    [
        ((trade(1), bar(2), trade(3)), ["trades", "1m"]),
        ((bar(1), trade(2), bar(3)), ["1m", "trades"]),
        ((trade(1, "B"), bar(2), trade(3)), ["trades", "1m", "trades"]),
    ],
)
def test_the_kind_that_came_first_is_given_first(
    events: tuple[EventModel, ...], kinds: list[str]
) -> None:
    assert [kind for kind, _, _ in calls(*events)] == kinds


def test_a_batch_without_market_data_reaches_nobody() -> None:
    assert calls() == []


def readings(events: list[EventModel]) -> list[Reading]:
    columnar = [one for one in House().running() if isinstance(one, MarketWatchdog)]
    emissions: list[Emission] = MarketFeed(columnar)(batch(*events), Watches())
    return [one.event for one in emissions if isinstance(one.event, Reading)]


TRADES: list[EventModel] = [trade(60 * n, size=10.0) for n in range(1, 5)]
BARS: list[EventModel] = [bar(n) for n in range(5, 9)]


@pytest.mark.parametrize(
    ("events", "pinned", "count"),
    [
        # The last of the trades' bars is still open.
        ([*TRADES, *BARS], "trades", 3),
        ([*BARS, *TRADES], "bars", 4),
    ],
)
def test_the_kind_that_came_first_pins_what_is_measured(
    events: list[EventModel], pinned: str, count: int
) -> None:
    said = readings(events)
    assert {one.detail["input"] for one in said} == {pinned}
    assert len(said) == count
