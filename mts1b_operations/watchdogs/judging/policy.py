"""When a breach becomes an alert, when an alert ends, and when a halt is confirmed.

A pure fold over the observations of one rule for one audience and key. Vocabulary and behaviour
of `for` and `keep_firing_for` follow Prometheus' alerting rules; counting observations as well as
time, a separate clear threshold and confirmation before a halt are ours.

UNKNOWN neither fires nor resolves. One episode runs from a first breach to its end, and is named
by the event time of that breach: a counter would repeat after the state was discarded.
"""

from dataclasses import dataclass, replace
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from mts1b_operations.watchdogs.judging.measurement import Limit

Status = Literal["unknown", "inactive", "pending", "firing", "resolved"]
ChangeKind = Literal["firing", "resolved", "halt"]

_MICROSECONDS = 1_000_000


class Policy(BaseModel):
    """How long a breach must last before it fires, and how long it fires after it has ended.

    Both `for_observations` (distinct event times) and `for_seconds` must be met. Times are event
    times, in seconds.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    for_observations: int = Field(default=1, ge=1)
    for_seconds: float = Field(default=0, ge=0)
    keep_firing_for_seconds: float = Field(default=0, ge=0)


class HaltPolicy(Policy):
    """The policy of a rule that halts: one bad tick must not.

    A halt needs breaches at `confirmations` distinct event times within
    `confirmation_max_age_seconds`, all in one episode.
    """

    confirmations: int = Field(default=3, ge=1)
    confirmation_max_age_seconds: float = Field(default=86_400, gt=0)


@dataclass(frozen=True, slots=True)
class Standing:
    """Where one rule stands for one audience and key. Moments are microseconds since 1970.

    `episode` and `transitions` outlive the episode, so that one that begins in the same
    microsecond gets ids of its own.
    """

    status: Status = "unknown"
    episode: int = -1
    transitions: int = 0
    breaches: int = 0
    confirmations: tuple[int, ...] = ()
    peak: float | None = None
    clear_since: int | None = None
    halted: bool = False

    @property
    def in_episode(self) -> bool:
        """Tell whether a breach has begun and not ended."""
        return self.status in {"pending", "firing"}


@dataclass(frozen=True, slots=True)
class Change:
    """Something to announce: the `transition`-th of its episode."""

    kind: ChangeKind
    episode: int
    transition: int
    peak: float | None


@dataclass(frozen=True, slots=True)
class Step:
    """What one observation led to."""

    standing: Standing
    changes: tuple[Change, ...] = ()


def advance(
    policy: Policy, standing: Standing, limit: Limit, value: float | None, moment: int
) -> Step:
    """Fold one observation, made at `moment` (microseconds since 1970), into `standing`."""
    verdict = limit.verdict(value)
    if value is None or verdict == "unknown":
        return Step(standing if standing.in_episode else replace(standing, status="unknown"))
    if verdict == "breach":
        return _breach(policy, _enter(standing, moment), limit, value, moment)
    if not standing.in_episode:
        calm: Status = "resolved" if standing.status == "resolved" else "inactive"
        return Step(replace(standing, status=calm))
    if not limit.cleared(value):
        return Step(replace(standing, clear_since=None))
    return _clear(policy, standing, moment)


def interrupt(standing: Standing) -> Standing:
    """Give the standing after observations were lost: unknown, but what fires goes on firing."""
    if standing.status == "firing":
        return replace(standing, clear_since=None)
    return replace(standing, status="unknown", confirmations=())


def _enter(standing: Standing, moment: int) -> Standing:
    if standing.in_episode:
        return standing
    transitions = standing.transitions if standing.episode == moment else 0
    return Standing(status="pending", episode=moment, transitions=transitions)


def _breach(policy: Policy, standing: Standing, limit: Limit, value: float, moment: int) -> Step:
    counted = _count(policy, standing, moment)
    worse = replace(counted, peak=limit.worse(value, counted.peak), clear_since=None)
    halting = not worse.halted and _confirmed(policy, worse)
    step = Step(worse)
    # A confirmed halt does not wait for `for`: halting is fast.
    if worse.status == "pending" and (halting or _lasted(policy, worse, moment)):
        step = _change(replace(worse, status="firing"), "firing")
    if halting:
        halt = _change(replace(step.standing, halted=True), "halt")
        step = Step(halt.standing, step.changes + halt.changes)
    return step


def _clear(policy: Policy, standing: Standing, moment: int) -> Step:
    if standing.status == "pending":
        return Step(replace(standing, status="inactive"))
    since = moment if standing.clear_since is None else standing.clear_since
    if moment - since < policy.keep_firing_for_seconds * _MICROSECONDS:
        return Step(replace(standing, clear_since=since))
    return _change(replace(standing, status="resolved", clear_since=None), "resolved")


def _count(policy: Policy, standing: Standing, moment: int) -> Standing:
    """Count a breach once for each distinct moment: a duplicate confirms nothing."""
    if standing.confirmations and moment <= standing.confirmations[-1]:
        return standing
    kept = (*standing.confirmations, moment)
    if isinstance(policy, HaltPolicy):
        oldest = moment - policy.confirmation_max_age_seconds * _MICROSECONDS
        kept = tuple(one for one in kept if one >= oldest)[-policy.confirmations :]
    else:
        kept = kept[-1:]
    return replace(standing, breaches=standing.breaches + 1, confirmations=kept)


def _confirmed(policy: Policy, standing: Standing) -> bool:
    return isinstance(policy, HaltPolicy) and len(standing.confirmations) >= policy.confirmations


def _lasted(policy: Policy, standing: Standing, moment: int) -> bool:
    enough = standing.breaches >= policy.for_observations
    return enough and moment - standing.episode >= policy.for_seconds * _MICROSECONDS


def _change(standing: Standing, kind: ChangeKind) -> Step:
    counted = replace(standing, transitions=standing.transitions + 1)
    change = Change(kind, counted.episode, counted.transitions, counted.peak)
    return Step(counted, (change,))
