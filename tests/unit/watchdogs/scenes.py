"""Events and watches for the tests of the watchdogs."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, TypeVar

from mts1b_operations.events.contracts.alerts import Alert, Reading
from mts1b_operations.events.contracts.market import Bar, Trade
from mts1b_operations.events.contracts.portfolio import NavTick
from mts1b_operations.events.contracts.strategy import StrategyPnl
from mts1b_operations.events.envelope import Emission, Provenance
from mts1b_operations.events.fields import EventModel
from mts1b_operations.settings.tree import SettingsTree
from mts1b_operations.watchdogs.judging.watch import KeyWatch
from mts1b_operations.watchdogs.registry import WATCHDOGS

START = datetime(2026, 3, 2, 14, 30, tzinfo=UTC)
Watch = KeyWatch[object, object]
EventT = TypeVar("EventT", bound=EventModel)


def tree(name: str, firm: dict[str, Any], **funds: dict[str, Any]) -> SettingsTree:
    return SettingsTree(
        watchdogs={name: firm}, funds={fund: {name: own} for fund, own in funds.items()}
    )


def watch(name: str, key: str, firm: dict[str, Any], **funds: dict[str, Any]) -> Watch:
    watchdog = WATCHDOGS[name]
    return KeyWatch(watchdog, watchdog.settle(tree(name, firm, **funds), key), key)


def feed(watched: Watch, events: Sequence[EventModel], first: int = 1) -> list[Emission]:
    numbered = enumerate(events, first)
    return [out for n, event in numbered for out in watched.observe(event, Provenance("S", n))]


def told(emissions: Iterable[Emission], kind: type[EventT]) -> list[EventT]:
    return [one.event for one in emissions if isinstance(one.event, kind)]


def readings(emissions: Iterable[Emission], rule: str | None = None) -> list[Reading]:
    return [one for one in told(emissions, Reading) if rule in {None, one.rule}]


def alerts(emissions: Iterable[Emission], rule: str | None = None) -> list[tuple[str, str | None]]:
    return [(one.state, one.fund_id) for one in told(emissions, Alert) if rule in {None, one.rule}]


def trade(seconds: float, price: float, size: float = 1.0, symbol: str = "AAPL") -> Trade:
    moment = START + timedelta(seconds=seconds)
    return Trade(symbol=symbol, timestamp=moment, price=price, size=size)


def bar(minute: int, close: float, volume: float, opened: float | None = None) -> Bar:
    first = close if opened is None else opened
    return Bar(
        symbol="AAPL",
        timestamp=START + timedelta(minutes=minute),
        interval="1m",
        open=first,
        high=max(first, close),
        low=min(first, close),
        close=close,
        volume=volume,
    )


def nav(day: float, value: str | float, flow: str | None = None, fund: str = "alpha") -> NavTick:
    return NavTick(
        fund_id=fund,
        timestamp=START + timedelta(days=day),
        nav=Decimal(str(value)),
        external_flow=None if flow is None else Decimal(flow),
    )


def pnl(day: float, value: str, capital: str = "100", strategy: str = "one") -> StrategyPnl:
    return StrategyPnl(
        strategy_id=strategy,
        fund_id="alpha",
        timestamp=START + timedelta(days=day),
        pnl=Decimal(value),
        capital=Decimal(capital),
    )
