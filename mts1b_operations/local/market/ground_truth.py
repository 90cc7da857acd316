"""Which alerts the faults of a scenario should bring, and when: what a demo is marked against."""

from dataclasses import dataclass
from datetime import datetime

from mts1b_operations.local.market.faults import DailyLoss, Faults, ToxicFlow, VolatilityBreak
from mts1b_operations.local.market.funds import ALPHA, BETA, tick_minute
from mts1b_operations.local.market.sessions import Sessions


@dataclass(frozen=True, slots=True)
class Episode:
    """One injected fault, and the alert that it should bring.

    The fault acts from `start` to `end`, in event time. Alerts until `explains_until` are still
    its doing, since a window remembers what it has seen.
    """

    name: str
    watchdog: str
    rule: str
    key: str
    fund_id: str | None
    start: datetime
    end: datetime
    explains_until: datetime


def ground_truth(faults: Faults, sessions: Sessions) -> tuple[Episode, ...]:
    """Say what each fault should bring, in the order toxic flow, volatility break, daily loss."""
    return (
        _toxic_flow(faults.toxic, sessions),
        _volatility_break(faults.volatility, sessions),
        _daily_loss(faults.loss, sessions),
    )


def _toxic_flow(fault: ToxicFlow, sessions: Sessions) -> Episode:
    following = min(fault.day + 1, len(sessions) - 1)
    return Episode(
        name="toxic flow",
        watchdog="vpin",
        rule="level",
        key=fault.symbol,
        fund_id=None,
        start=sessions.moment(fault.day, fault.minute),
        end=sessions.moment(fault.day, fault.minute + fault.minutes),
        explains_until=sessions.close(following),
    )


def _volatility_break(fault: VolatilityBreak, sessions: Sessions) -> Episode:
    return Episode(
        name="volatility break",
        watchdog="portfolio_vol_dd",
        rule="realised_vol",
        key=ALPHA.fund_id,
        fund_id=ALPHA.fund_id,
        start=sessions.openings[fault.day],
        end=sessions.close(fault.day + fault.days - 1),
        explains_until=sessions.close(len(sessions) - 1),
    )


def _daily_loss(fault: DailyLoss, sessions: Sessions) -> Episode:
    return Episode(
        name="daily loss",
        watchdog="portfolio_vol_dd",
        rule="daily_loss",
        key=BETA.fund_id,
        fund_id=BETA.fund_id,
        start=sessions.moment(fault.day, tick_minute(fault.tick - 2)),
        end=sessions.close(fault.day),
        explains_until=sessions.close(fault.day),
    )
