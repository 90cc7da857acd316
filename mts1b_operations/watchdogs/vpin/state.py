"""What VPIN remembers of one symbol. Times are nanoseconds since 1970, volumes whole lots."""

from dataclasses import dataclass, field
from typing import Literal

from mts1b_operations.stats.moments import Moments
from mts1b_operations.stats.vpin import Bucket

InputKind = Literal["trades", "bars"]


@dataclass(slots=True)
class BarInProgress:
    """A bar: its start, its first and last price, its lots, and the messages that made it."""

    start_ns: int
    first: float
    close: float
    lots: int
    first_seq: int
    last_seq: int


@dataclass(slots=True)
class Origin:
    """Where a bucket begins: its first message, and the start of that message's bar."""

    sequence: int
    start_ns: int


@dataclass(slots=True)
class WindowBucket:
    """A full bucket in the window; `imbalance` is None where sigma was not yet known."""

    imbalance: float | None
    origin: Origin


@dataclass(slots=True)
class VpinState:
    """All state of one symbol, plain enough for an exact snapshot.

    `last_close` is None before the first bar and after a loss; `session_end_ns` is where the
    session of that close ends. `noise` holds the price changes of past bars, `bars` counts those
    with volume. `completed` is the number of the next bucket. `late` counts prints before the
    open bar, `repeated` bars not after the last one. `reported_day` is the last day for which
    unset settings were reported.
    """

    key: str
    input: InputKind | None = None
    open_bar: BarInProgress | None = None
    last_start_ns: int | None = None
    last_close: float | None = None
    session_end_ns: int = 0
    noise: Moments = field(default_factory=Moments)
    bars: int = 0
    bucket: Bucket = field(default_factory=Bucket)
    origin: Origin | None = None
    window: list[WindowBucket] = field(default_factory=list)
    completed: int = 0
    history: list[float] = field(default_factory=list)
    late: int = 0
    repeated: int = 0
    reported_day: int | None = None
