"""Who exists: funds, strategies and order systems, and how they are watched."""

from typing import ClassVar, Literal

from pydantic import Field

from mts1b_operations.events.fields import (
    Count,
    EventModel,
    Identifier,
    JsonObject,
    Number,
    Timestamp,
)


class FundRegistered(EventModel):
    """A fund: its mode, its risk limits, its strategies and the names it holds.

    `target_volatility` is annual; `daily_loss_halt_pct` is a share of the day's opening NAV
    (0.02 is two percent).
    """

    key_field: ClassVar[str] = "fund_id"

    fund_id: Identifier
    timestamp: Timestamp
    mode: Literal["live", "paper"]
    target_volatility: Number | None = Field(default=None, gt=0)
    daily_loss_halt_pct: Number | None = Field(default=None, gt=0)
    strategies: list[Identifier] = Field(default_factory=list)
    held_names: list[Identifier] = Field(default_factory=list)


class StrategyRegistered(EventModel):
    """A strategy, and the fund that it trades for."""

    key_field: ClassVar[str] = "strategy_id"

    strategy_id: Identifier
    fund_id: Identifier
    timestamp: Timestamp


class OmsRegistered(EventModel):
    """An order system, and the scopes that it serves (empty: the whole firm)."""

    key_field: ClassVar[str] = "oms_id"

    oms_id: Identifier
    timestamp: Timestamp
    fund_ids: list[Identifier] = Field(default_factory=list)
    strategy_ids: list[Identifier] = Field(default_factory=list)


class WatchdogConfigured(EventModel):
    """Settings of one watchdog for one fund (fund_id "firm": for all), valid from a moment on."""

    key_field: ClassVar[str] = "fund_id"

    fund_id: Identifier
    watchdog: Identifier
    settings: JsonObject
    version: Count = Field(ge=1)
    effective_from: Timestamp
    source: str
