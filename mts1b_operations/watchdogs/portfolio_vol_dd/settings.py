"""What the watchdog of a fund's risk is told."""

from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from mts1b_operations.events.contracts.alerts import Severity
from mts1b_operations.events.fields import JsonObject
from mts1b_operations.stats.volatility import TRADING_DAYS
from mts1b_operations.watchdogs.judging.policy import HaltPolicy, Policy

_WEEK = 7 * 86_400.0


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Policies(_Frozen):
    """One policy a rule. Drawdowns are often seen once a day: confirmations may take a week."""

    realised_vol: Policy = Policy()
    drawdown: HaltPolicy = HaltPolicy(confirmation_max_age_seconds=_WEEK)
    daily_loss: HaltPolicy = HaltPolicy()


class Severities(_Frozen):
    """One severity a rule."""

    realised_vol: Severity = "warning"
    drawdown: Severity = "critical"
    daily_loss: Severity = "critical"


class PortfolioSettings(_Frozen):
    """Limits of one fund, all as shares: 0.02 is two percent.

    `window` counts daily returns, `periods` days a year (252; 365 for a market without weekends).
    `target_volatility` (annual) and `daily_loss_halt_pct` come from the fund's registration where
    they are not set here; without either the rule says unknown. Realised volatility alarms above
    `volatility_ratio` times the target and clears at `volatility_clear_ratio` times; a drawdown
    alarms at `drawdown_limit` and clears below `drawdown_clear_limit`, or below the limit itself.
    A request to reduce is good for `reduce_seconds`.
    """

    window: int = Field(default=20, ge=2, le=10_000)
    periods: float = Field(default=TRADING_DAYS, gt=0, allow_inf_nan=False)
    target_volatility: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    volatility_ratio: float = Field(default=1.5, gt=0, allow_inf_nan=False)
    volatility_clear_ratio: float = Field(default=1.25, gt=0, allow_inf_nan=False)
    drawdown_limit: float = Field(default=0.2, gt=0, le=1)
    drawdown_clear_limit: float | None = Field(default=None, gt=0, le=1)
    daily_loss_halt_pct: float | None = Field(default=None, gt=0, le=1)
    reduce_seconds: float = Field(default=_WEEK, gt=0, allow_inf_nan=False)
    policies: Policies = Policies()
    severities: Severities = Severities()

    def relevant_to(self, rule: str) -> JsonObject:
        """Give the settings that decide when `rule` fires."""
        names = {
            "realised_vol": {"window", "periods", "target_volatility"}
            | {"volatility_ratio", "volatility_clear_ratio"},
            "daily_loss": {"daily_loss_halt_pct"},
        }
        policy = rule if rule in names else "drawdown"
        own = names.get(rule, {"drawdown_limit", "drawdown_clear_limit"})
        relevant = self.model_dump(include=own)
        return relevant | {"policy": self.policies.model_dump()[policy]}

    @model_validator(mode="after")
    def _clears_before_it_fires(self) -> Self:
        pairs = {
            "volatility_clear_ratio": (self.volatility_clear_ratio, self.volatility_ratio),
            "drawdown_clear_limit": (self.drawdown_clear_limit, self.drawdown_limit),
        }
        for name, (clear, limit) in pairs.items():
            if clear is not None and clear > limit:
                raise ValueError(f"expected {name} of at most {limit}, found {clear}")
        return self
