"""The demo: a whole system, fed with a simulated market, marked against its ground truth."""

import json
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import typer
from rich.console import Console

from mts1b_operations.cli.session.emptying import emptied
from mts1b_operations.cli.session.readiness import await_readers
from mts1b_operations.cli.session.system import Plan, System
from mts1b_operations.cli.session.tally import Tally
from mts1b_operations.cli.session.verification import verification
from mts1b_operations.cli.views.facts import Intake, Moment
from mts1b_operations.cli.views.live import watch
from mts1b_operations.cli.views.marks import mark
from mts1b_operations.cli.views.summary import Summary, as_json, rendered
from mts1b_operations.events.streams import EVENTS, HALTS
from mts1b_operations.local.market.feed import FeedError, Market, Progress, feed
from mts1b_operations.local.market.scenario import Scenario, simulate
from mts1b_operations.settings.tree import SettingsTree
from mts1b_operations.sources.connection import ConnectionLostError

_SETTLING_S = 20.0
_CLOSING_S = 4.0
_LEAST_FEED_S = 3.0
_QUIET_S = 1.0


@dataclass(slots=True)
class Demo:
    """One demo on a data directory that it empties first.

    `seconds` bounds the whole, from the start of the servers to the summary; a machine that is
    too slow for that is given the rest of the market at once.
    """

    data_dir: Path
    seed: int
    seconds: float
    json_summary: bool
    started: float = field(default_factory=time.monotonic)
    fed: Progress = field(default_factory=Progress)
    feeding_since: float | None = None
    feeding_s: float = 0.0
    failure: FeedError | ConnectionLostError | None = None

    def run(self, ended: threading.Event) -> bool:
        """Run it and print the summary. Tells whether all was caught and the chain is whole."""
        console = Console(stderr=self.json_summary)
        console.print(f"simulating a market (seed {self.seed}) and starting the servers …")
        emptied(self.data_dir)
        scenario = simulate(self.seed, datetime.now(UTC))
        tree = SettingsTree.model_validate(scenario.settings)
        # The market's clock is in the past, and its halts are meant.
        plan = Plan(self.data_dir, tree, ("--oldest-halt", "0"))
        with System(plan) as system:
            await_readers(system, ended)
            console.print(f"ready after {time.monotonic() - self.started:.1f} s")
            summary = self._watched(system, scenario, ended, console)
        self._print(summary, console)
        return summary.passed

    def _watched(
        self, system: System, scenario: Scenario, ended: threading.Event, console: Console
    ) -> Summary:
        finished = threading.Event()
        feeder = threading.Thread(target=self._feed, args=(system, scenario, ended, finished))
        with Tally(system) as tally:
            feeder.start()
            watch(lambda: self._moment(system, tally), finished, console)
            feeder.join()
        if self.failure is not None:
            raise self.failure
        return self._summary(system, scenario)

    def _feed(
        self, system: System, scenario: Scenario, ended: threading.Event, finished: threading.Event
    ) -> None:
        endpoints = system.endpoints
        market = Market(endpoints.nats_url, endpoints.nats_passwords)
        left = self.seconds - (time.monotonic() - self.started) - _CLOSING_S
        self.feeding_since = time.monotonic()
        try:
            feed(scenario.emissions, market, max(_LEAST_FEED_S, left), self.fed, ended)
            self.feeding_s = time.monotonic() - self.feeding_since
            self._settle(system)
        except (FeedError, ConnectionLostError) as failure:
            self.failure = failure
        finally:
            finished.set()

    def _settle(self, system: System) -> None:
        """Wait until nothing more is said and every event that was stored has its entry."""
        deadline = time.monotonic() + _SETTLING_S
        waiting = threading.Event()
        said: tuple[int, int] | None = None
        while time.monotonic() < deadline and not waiting.wait(_QUIET_S):
            stored = system.stored()
            audited = stored[EVENTS] + stored[HALTS]
            before, said = said, (audited, system.observer.seen.readings)
            if before == said and system.entries() >= audited:
                return

    def _moment(self, system: System, tally: Tally) -> Moment:
        return Moment(self._intake(), system.observer.seen, tally.entries, system.children.states())

    def _intake(self) -> Intake:
        fed = self.fed
        since = time.monotonic() if self.feeding_since is None else self.feeding_since
        seconds = self.feeding_s or time.monotonic() - since
        return Intake(fed.acknowledged, fed.trades, fed.event_time, seconds)

    def _summary(self, system: System, scenario: Scenario) -> Summary:
        seen = system.observer.seen
        marks = mark(seen.fired, seen.halts.values(), scenario.episodes, self.fed.event_time)
        checked = verification(system.endpoints.postgres_dsn)
        return Summary(
            seed=self.seed,
            intake=self._intake(),
            seen=seen,
            marks=marks,
            entries=checked.entries,
            verified=checked.verified,
            verification=checked.line,
        )

    def _print(self, summary: Summary, console: Console) -> None:
        if self.json_summary:
            typer.echo(json.dumps(as_json(summary)))
        else:
            console.print(rendered(summary))
