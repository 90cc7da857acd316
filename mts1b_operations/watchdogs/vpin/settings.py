"""What VPIN is told: its method, once for the firm, and its limits, for each fund."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from mts1b_operations.events.contracts.alerts import Severity
from mts1b_operations.events.fields import JsonObject
from mts1b_operations.settings.tree import SettingsError, SettingsTree, merged, validated
from mts1b_operations.stats.sessions import Sessions, sessions_named
from mts1b_operations.watchdogs.judging.policy import Policy

NAME = "vpin"

_UNIT_NS = {"s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9, "d": 86_400 * 10**9}


class VpinMethod(BaseModel):
    """How VPIN is computed: the same for all funds, since the same flow is calm or toxic by it.

    `bucket_volume` and `lot_size` are in units of the instrument, and nothing is measured until
    the former is set (a common choice is a fiftieth of the average daily volume): one estimated
    underway would change the definition underway. `window` counts buckets, `sigma` is a price
    change a bar. Without a `sigma` it is estimated from past bars, weighted by volume, halved
    every `sigma_half_life` bars, and unknown before `sigma_min_bars`. `session` says where a day
    ends: "date" (UTC), a name of exchange_calendars, or null for a market that never closes.
    `cdf_history` is how many past readings the rule "cdf" compares with, all of them needed.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    bucket_volume: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    lot_size: float = Field(default=1, gt=0, allow_inf_nan=False)
    window: int = Field(default=50, ge=1, le=10_000)
    bar_interval: str = Field(default="1m", pattern=r"^[1-9][0-9]{0,4}[smhd]$")
    sigma: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    sigma_half_life: float = Field(default=1_950, gt=0, allow_inf_nan=False)
    sigma_min_bars: int = Field(default=20, ge=2)
    session: str | None = "date"
    input: Literal["auto", "trades", "bars"] = "auto"
    cdf_history: int = Field(default=1_000, ge=20, le=100_000)

    @field_validator("session")
    @classmethod
    def _session_exists(cls, name: str | None) -> str | None:
        sessions_named(name)
        return name

    @model_validator(mode="after")
    def _bucket_holds_a_lot(self) -> Self:
        if self.bucket_volume is not None and round(self.bucket_volume / self.lot_size) < 1:
            raise ValueError(
                f"expected a bucket_volume of at least one lot_size ({self.lot_size}), "
                f"found {self.bucket_volume}"
            )
        return self

    @cached_property
    def bucket_lots(self) -> int | None:
        """Give the size of a bucket in whole lots."""
        if self.bucket_volume is None:
            return None
        return round(self.bucket_volume / self.lot_size)

    @cached_property
    def interval_ns(self) -> int:
        """Give the length of a bar in nanoseconds."""
        return int(self.bar_interval[:-1]) * _UNIT_NS[self.bar_interval[-1]]

    @cached_property
    def decay(self) -> float:
        """Give the factor by which one bar fades past ones in the estimate of sigma."""
        return float(0.5 ** (1 / self.sigma_half_life))

    @cached_property
    def sessions(self) -> Sessions:
        """Give the cut of time into sessions."""
        return sessions_named(self.session)

    @property
    def estimator(self) -> str:
        """Name where sigma comes from, for every reading to say."""
        if self.sigma is not None:
            return "fixed"
        return f"volume-weighted over past bars, half-life {self.sigma_half_life:g} bars"


class VpinLimits(BaseModel):
    """Where VPIN alarms, and what follows: for the firm, or for one fund.

    Rule "level" alarms above `threshold`; rule "cdf" where the value reaches the `cdf_threshold`
    quantile of the symbol's own past. Clearing below a second, lower threshold is hysteresis.
    `throttle_to` is the share of orders that may still take liquidity, for `throttle_seconds`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    rule: Literal["level", "cdf"] = "level"
    threshold: float = Field(default=0.4, gt=0, le=1)
    clear_threshold: float | None = Field(default=None, gt=0, le=1)
    cdf_threshold: float = Field(default=0.99, gt=0, le=1)
    cdf_clear_threshold: float = Field(default=0.9, gt=0, le=1)
    policy: Policy = Policy()
    severity: Severity = "warning"
    throttle_to: float = Field(default=0, ge=0, le=1)
    throttle_seconds: float = Field(default=3_600, gt=0, allow_inf_nan=False)

    def when_it_fires(self) -> JsonObject:
        """Give what decides when the rule fires, without what follows from it."""
        return self.model_dump(exclude={"severity", "throttle_to", "throttle_seconds"})

    @model_validator(mode="after")
    def _clears_below(self) -> Self:
        pairs = {
            "clear_threshold": (self.clear_threshold, self.threshold),
            "cdf_clear_threshold": (self.cdf_clear_threshold, self.cdf_threshold),
        }
        for name, (clear, threshold) in pairs.items():
            if clear is not None and clear > threshold:
                raise ValueError(f"expected {name} of at most {threshold}, found {clear}")
        return self


class _Firm(VpinMethod, VpinLimits):
    """The firm's entry: a method, limits, and methods of single symbols over the first."""

    symbols: dict[str, JsonObject] = Field(default_factory=dict)


@dataclass(frozen=True)
class VpinSettings:
    """What holds for one symbol: its method, the firm's limits, and those of single funds."""

    method: VpinMethod
    firm: VpinLimits
    funds: Mapping[str, VpinLimits]

    def limits_of(self, fund_id: str | None) -> VpinLimits:
        """Give the limits of a fund, or of the firm for None."""
        return self.firm if fund_id is None else self.funds[fund_id]

    @cached_property
    def keeps_history(self) -> bool:
        """Tell whether anybody compares readings with the past."""
        return any(limits.rule == "cdf" for limits in (self.firm, *self.funds.values()))


def settle(tree: SettingsTree, symbol: str) -> VpinSettings:
    """Give the settings that hold for `symbol`. Raises SettingsError for the first bad one."""
    place = f"watchdogs.{NAME}"
    firm = validated(_Firm, tree.firm(NAME), place)
    method = _part(firm, VpinMethod)
    own = firm.symbols.get(symbol)
    return VpinSettings(
        method=validated(
            VpinMethod, merged(method, own or {}), f"{place}.symbols.{symbol}" if own else place
        ),
        firm=validated(VpinLimits, _part(firm, VpinLimits), place),
        funds={fund: _fund_limits(tree, fund, firm) for fund in tree.funds_with(NAME)},
    )


def symbols_of(tree: SettingsTree) -> list[str]:
    """Give the symbols that have a method of their own."""
    return sorted(validated(_Firm, tree.firm(NAME), f"watchdogs.{NAME}").symbols)


def _fund_limits(tree: SettingsTree, fund: str, firm: _Firm) -> VpinLimits:
    own = tree.own(fund, NAME)
    for name in own:
        if name in VpinMethod.model_fields or name == "symbols":
            raise SettingsError(
                f"funds.{fund}.{NAME}.{name}: expected limits only, found a field of the method, "
                f"which is the firm's; set it under watchdogs.{NAME}"
            )
    return validated(VpinLimits, merged(_part(firm, VpinLimits), own), f"funds.{fund}.{NAME}")


def _part(firm: _Firm, part: type[BaseModel]) -> JsonObject:
    """Give those of the firm's settings, set or default, that belong to `part`."""
    return firm.model_dump(include=set(part.model_fields))
