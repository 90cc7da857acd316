"""A number, and the limits that it is held against."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from mts1b_operations.events.contracts.alerts import Evidence, Verdict
from mts1b_operations.events.fields import JsonObject

Comparison = Literal[">", ">=", "<="]
"""How a value stands to its threshold when it breaches."""


@dataclass(frozen=True, slots=True)
class Limit:
    """One rule's threshold for one audience: a fund, or the firm where `fund_id` is None.

    `clear` is where a breach ends (hysteresis); None means at the threshold itself. A threshold
    of None says that nobody has set one, so that nothing can be said.
    """

    rule: str
    fund_id: str | None
    comparison: Comparison
    threshold: float | None
    clear: float | None = None

    def verdict(self, value: float | None) -> Verdict:
        """Judge `value`: unknown without a value or a threshold, else ok or breach."""
        if value is None or self.threshold is None:
            return "unknown"
        return "breach" if self._crosses(value, self.threshold) else "ok"

    def cleared(self, value: float) -> bool:
        """Tell whether `value` is far enough from the threshold to end a breach."""
        bound = self.threshold if self.clear is None else self.clear
        return bound is not None and not self._crosses(value, bound)

    def worse(self, value: float, other: float | None) -> float:
        """Give the more extreme of two values, in the direction of a breach."""
        if other is None:
            return value
        return min(value, other) if self.comparison == "<=" else max(value, other)

    def _crosses(self, value: float, bound: float) -> bool:
        match self.comparison:
            case ">":
                return value > bound
            case ">=":
                return value >= bound
            case "<=":
                return value <= bound


@dataclass(frozen=True, slots=True)
class Measurement:
    """A watchdog's number for one key at one event time.

    `limits` is never empty; the first is the one that the reading shows, the others belong to
    funds with limits of their own on the same number. `number` is the ordinal of the window,
    bucket or tick. `reason` says why a value is None, or what a breach means.
    """

    key: str
    timestamp: datetime
    number: int
    value: float | None
    limits: tuple[Limit, ...]
    evidence: Evidence
    detail: JsonObject = field(default_factory=dict)
    reason: str | None = None

    @property
    def limit(self) -> Limit:
        """Give the limit that the reading shows."""
        return self.limits[0]

    @property
    def verdict(self) -> Verdict:
        """Judge the value against the limit that the reading shows."""
        return self.limit.verdict(self.value)

    def against(self, limit: Limit) -> str:
        """Say the value and a limit for people, to four digits; the exact ones are in the alert."""
        value, threshold = (
            "unknown" if one is None else f"{one:.4g}" for one in (self.value, limit.threshold)
        )
        return f"{value}, limit {threshold}"
