"""What the register says of a fund, as far as events have told."""

from dataclasses import dataclass, field

from mts1b_operations.events.contracts.registry import FundRegistered
from mts1b_operations.watchdogs.judging.instants import microseconds


@dataclass(slots=True)
class FundRegister:
    """The latest registration of a fund, and who trades for it. Part of a watchdog's state.

    `moment` is that of the registration, in microseconds since 1970, None before there was one.
    `joined` holds strategies that said so themselves.
    """

    moment: int | None = None
    target_volatility: float | None = None
    daily_loss_halt_pct: float | None = None
    strategies: list[str] = field(default_factory=list)
    joined: list[str] = field(default_factory=list)

    def take(self, fund: FundRegistered) -> None:
        """Take in a registration, unless a later one is known."""
        moment = microseconds(fund.timestamp)
        if self.moment is None or moment >= self.moment:
            self.moment = moment
            self.target_volatility = fund.target_volatility
            self.daily_loss_halt_pct = fund.daily_loss_halt_pct
            self.strategies = list(fund.strategies)

    def join(self, strategy_id: str) -> None:
        """Take in that a strategy trades for the fund."""
        if strategy_id not in self.joined:
            self.joined.append(strategy_id)

    @property
    def known_strategies(self) -> list[str]:
        """Give every strategy known to trade for the fund, sorted."""
        return sorted({*self.strategies, *self.joined})
