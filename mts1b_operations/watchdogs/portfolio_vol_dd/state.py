"""What the watchdog of a fund's risk remembers of one fund."""

from dataclasses import dataclass, field

from mts1b_operations.events.contracts.registry import FundRegistered
from mts1b_operations.watchdogs.judging.instants import microseconds
from mts1b_operations.watchdogs.portfolio_vol_dd.strategy import StrategyTrack
from mts1b_operations.watchdogs.portfolio_vol_dd.track import FundTrack


@dataclass(slots=True)
class Registration:
    """What the register says of a fund, as of `moment` (microseconds since 1970)."""

    moment: int
    target_volatility: float | None = None
    daily_loss_halt_pct: float | None = None
    strategies: list[str] = field(default_factory=list)


@dataclass(slots=True)
class PortfolioState:
    """A fund's track, its strategies' tracks, and who is registered.

    `joined` holds strategies that registered themselves or reported P/L.
    """

    key: str
    fund: FundTrack = field(default_factory=FundTrack)
    strategies: dict[str, StrategyTrack] = field(default_factory=dict)
    registration: Registration | None = None
    joined: list[str] = field(default_factory=list)

    @property
    def known_strategies(self) -> list[str]:
        """Give every strategy known to trade for the fund, sorted."""
        registered = self.registration.strategies if self.registration else []
        return sorted({*registered, *self.joined})

    def register(self, fund: FundRegistered) -> None:
        """Take in a registration, unless a later one is known."""
        moment = microseconds(fund.timestamp)
        if self.registration is None or moment >= self.registration.moment:
            self.registration = Registration(
                moment, fund.target_volatility, fund.daily_loss_halt_pct, list(fund.strategies)
            )

    def join(self, strategy_id: str) -> None:
        """Take in that a strategy trades for the fund."""
        if strategy_id not in self.joined:
            self.joined.append(strategy_id)
