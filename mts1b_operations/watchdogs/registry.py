"""Which watchdogs there are: one line each."""

from typing import cast

from mts1b_operations.settings.tree import SettingsTree
from mts1b_operations.watchdogs.judging.watchdog import Watchdog
from mts1b_operations.watchdogs.portfolio_vol_dd import PortfolioVolDd
from mts1b_operations.watchdogs.vpin import Vpin

AnyWatchdog = Watchdog[object, object]
"""A watchdog of which nobody needs to know what its settings and its state are."""

# Sound as long as a watchdog is given only what its own `settle` and `begin` have made.
_ALL = (
    cast("AnyWatchdog", Vpin()),
    cast("AnyWatchdog", PortfolioVolDd()),
)

WATCHDOGS: dict[str, AnyWatchdog] = {watchdog.name: watchdog for watchdog in _ALL}
"""Every watchdog by its name."""


def check(tree: SettingsTree) -> None:
    """Raise SettingsError, naming its place, for the first setting that no watchdog can use."""
    tree.require_known(WATCHDOGS)
    for watchdog in WATCHDOGS.values():
        watchdog.check(tree)
