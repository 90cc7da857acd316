"""How the strategies do: information coefficients, forecasts, outcomes and P/L."""

from typing import ClassVar

from pydantic import Field

from mts1b_operations.events.fields import (
    Amount,
    Count,
    EventModel,
    Identifier,
    Number,
    Timestamp,
)


class IcObservation(EventModel):
    """One cross-section's rank correlation of signal and outcome over `names` names."""

    key_field: ClassVar[str] = "strategy_id"

    strategy_id: Identifier
    fund_id: Identifier
    timestamp: Timestamp
    ic: Number = Field(ge=-1, le=1)
    names: Count


class Forecast(EventModel):
    """A cross-section of signals for one period, to be joined with its outcome."""

    key_field: ClassVar[str] = "strategy_id"

    strategy_id: Identifier
    fund_id: Identifier | None = None
    timestamp: Timestamp
    period: str
    values: dict[str, Number]


class Outcome(EventModel):
    """The cross-section of returns that was realised over one period."""

    key_field: ClassVar[str] = "strategy_id"

    strategy_id: Identifier
    fund_id: Identifier | None = None
    timestamp: Timestamp
    period: str
    values: dict[str, Number]


class StrategyPnl(EventModel):
    """Profit or loss of one strategy since its previous tick, on `capital`."""

    key_field: ClassVar[str] = "strategy_id"

    strategy_id: Identifier
    fund_id: Identifier
    timestamp: Timestamp
    pnl: Amount
    capital: Amount


class StrategyBaseline(EventModel):
    """Backtest mean and standard deviation of IC and of daily P/L, as of a date."""

    key_field: ClassVar[str] = "strategy_id"

    strategy_id: Identifier
    fund_id: Identifier | None = None
    as_of: Timestamp
    ic_mean: Number | None = None
    ic_sd: Number | None = Field(default=None, gt=0)
    pnl_mean: Number | None = None
    pnl_sd: Number | None = Field(default=None, gt=0)
