"""From trades to bars, and from bars to classified volume: the buckets that a bar completes."""

from collections.abc import Iterable, Iterator

from mts1b_operations.stats.vpin import Filled, buy_share
from mts1b_operations.watchdogs.vpin.settings import VpinMethod
from mts1b_operations.watchdogs.vpin.state import BarInProgress, Origin, VpinState

_LARGEST_CHANGE = 1e100
"""A price change beyond this is a typing error, and its square must not overflow."""


def bars_of_trades(
    state: VpinState, trades: Iterable[tuple[int, float, int, int]]
) -> Iterator[BarInProgress]:
    """Build bars from trades (start of the bar, price, lots, sequence); give those that end.

    A late print joins the open bar without moving its close.
    """
    bar = state.open_bar
    for start_ns, price, lots, sequence in trades:
        if bar is None or start_ns > bar.start_ns:
            if bar is not None:
                yield bar
            bar = BarInProgress(start_ns, price, price, lots, sequence, sequence)
            continue
        if start_ns == bar.start_ns:
            bar.close = price
        else:
            state.late += 1
        bar.lots += lots
        bar.last_seq = sequence
    state.open_bar = bar


def new_bars(
    state: VpinState, bars: Iterable[tuple[int, float, float, int, int]]
) -> Iterator[BarInProgress]:
    """Give the bars (start, open, close, lots, sequence) that come after the last; count others."""
    for start_ns, first, close, lots, sequence in bars:
        if state.last_start_ns is not None and start_ns <= state.last_start_ns:
            state.repeated += 1
        else:
            yield BarInProgress(start_ns, first, close, lots, sequence, sequence)


def known_sigma(method: VpinMethod, state: VpinState) -> float | None:
    """Give the sigma for the next bar: fixed, or of past bars; None while those are too few."""
    if method.sigma is not None:
        return method.sigma
    return state.noise.deviation() if state.bars >= method.sigma_min_bars else None


def price_change(method: VpinMethod, state: VpinState, bar: BarInProgress) -> float:
    """Give close - previous close, or close - open for the first bar of a session."""
    before = state.last_close
    if before is None or bar.start_ns >= state.session_end_ns:
        _, state.session_end_ns = method.sessions.span(bar.start_ns)
        before = bar.first
    return max(-_LARGEST_CHANGE, min(_LARGEST_CHANGE, bar.close - before))


def close_bar(
    method: VpinMethod, state: VpinState, bar: BarInProgress, capacity: int, sigma: float | None
) -> Iterator[tuple[Origin, Filled]]:
    """Classify a finished bar and pour it; give each bucket that it fills, with its origin.

    `sigma` must be that of the bars before: this bar joins the baseline only afterwards.
    """
    change = price_change(method, state, bar)
    state.last_close, state.last_start_ns = bar.close, bar.start_ns
    share = None if sigma is None else buy_share(change, sigma)
    _learn(method, state, change, bar.lots)
    here = Origin(bar.first_seq, bar.start_ns)
    if state.bucket.filled == 0:
        state.origin = here
    for filled in state.bucket.pour(bar.lots, share, capacity):
        yield state.origin or here, filled
        state.origin = here


def _learn(method: VpinMethod, state: VpinState, change: float, lots: int) -> None:
    if method.sigma is not None or lots == 0:
        return
    state.noise.fade(method.decay)
    state.noise.add(change, lots)
    state.bars += 1
