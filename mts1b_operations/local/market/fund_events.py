"""What the simulated funds publish: who they are, their NAV, their strategies' P/L."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import numpy as np

from mts1b_operations.events.contracts.portfolio import NavTick
from mts1b_operations.events.contracts.registry import FundRegistered, StrategyRegistered
from mts1b_operations.events.contracts.strategy import StrategyPnl
from mts1b_operations.events.fields import EventModel
from mts1b_operations.local.market.funds import ALPHA, BETA, Fund, FundPath, money, tick_minute
from mts1b_operations.local.market.sessions import Sessions
from mts1b_operations.local.market.trades import INSTRUMENTS

TimedEvent = tuple[datetime, EventModel]


def registrations(sessions: Sessions) -> Iterator[TimedEvent]:
    """Introduce the funds and their strategies, an hour before the first opening."""
    moment = sessions.openings[0] - timedelta(hours=1)
    for fund in (ALPHA, BETA):
        yield moment, _registered(fund, moment)
        for name in fund.strategies:
            yield (
                moment,
                StrategyRegistered(strategy_id=name, fund_id=fund.fund_id, timestamp=moment),
            )


def _registered(fund: Fund, moment: datetime) -> FundRegistered:
    return FundRegistered(
        fund_id=fund.fund_id,
        timestamp=moment,
        mode="paper",
        target_volatility=fund.target_volatility,
        daily_loss_halt_pct=fund.daily_loss_halt_pct,
        strategies=list(fund.strategies),
        held_names=[one.symbol for one in INSTRUMENTS],
    )


def fund_events(fund: Fund, path: FundPath, sessions: Sessions) -> Iterator[TimedEvent]:
    """Give, tick by tick, the P/L of each strategy and then the NAV that it led to."""
    capital = money(path.opening // len(fund.strategies))
    for (day, tick), nav in np.ndenumerate(path.navs):
        moment = sessions.moment(day, tick_minute(tick))
        for name, profit in zip(fund.strategies, path.profits[day, tick].tolist(), strict=True):
            yield (
                moment,
                StrategyPnl(
                    strategy_id=name,
                    fund_id=fund.fund_id,
                    timestamp=moment,
                    pnl=money(profit),
                    capital=capital,
                ),
            )
        yield moment, NavTick(fund_id=fund.fund_id, timestamp=moment, nav=money(int(nav)))
