"""What every flow is built with: which watchdogs, under which settings."""

from dataclasses import dataclass, field

from mts1b_operations.operators.watch import AnyKeyWatch, ShardOptions
from mts1b_operations.settings.tree import SettingsTree
from mts1b_operations.watchdogs.judging.watch import KeyWatch
from mts1b_operations.watchdogs.registry import WATCHDOGS, AnyWatchdog, check


class UnknownWatchdogError(ValueError):
    """A watchdog that the registry does not hold, or one that is named twice."""


@dataclass(frozen=True, slots=True)
class House:
    """The watchdogs that run (all, unless named), their settings, and how shards behave."""

    tree: SettingsTree = field(default_factory=SettingsTree)
    names: tuple[str, ...] = tuple(WATCHDOGS)
    options: ShardOptions = field(default_factory=ShardOptions)

    def __post_init__(self) -> None:
        """Refuse unknown names and bad settings before anything runs."""
        for name in self.names:
            # Named twice, a watchdog would fold every event into its state twice.
            if name not in WATCHDOGS or self.names.count(name) > 1:
                raise UnknownWatchdogError(
                    f"expected watchdogs among {', '.join(WATCHDOGS)}, each once, found "
                    f"{', '.join(map(repr, self.names))}; correct their names"
                )
        check(self.tree)

    def running(self) -> list[AnyWatchdog]:
        """Give the watchdogs that run."""
        return [WATCHDOGS[name] for name in self.names]

    def watch(self, name: str, key: str) -> AnyKeyWatch:
        """Make the watch of a key of which nothing has been seen."""
        watchdog = WATCHDOGS[name]
        return KeyWatch(watchdog, watchdog.settle(self.tree, key), key)
