"""Market data in columns: exact times, and a batch equal to its single trades."""

import json
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mts1b_operations.events.columns import MarketColumns, TradeColumns, to_nanoseconds
from mts1b_operations.events.contracts.market import Bar, Quote, Trade, TradeBatch
from mts1b_operations.events.decode import EARLIEST
from tests.unit.events.minimal_examples import EXAMPLES

pytestmark = pytest.mark.unit

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ROWS = st.tuples(
    st.integers(0, 9 * 10**15).map(lambda one: EPOCH + timedelta(microseconds=one)),
    st.floats(1e-6, 1e9),
    st.floats(1e-6, 1e9),
)


@given(st.integers(-(10**15), 9 * 10**15))
def test_nanoseconds_are_exact(microseconds: int) -> None:
    moment = EPOCH + timedelta(microseconds=microseconds)
    assert to_nanoseconds(moment) == microseconds * 1000


def test_the_earliest_event_time_fits_64_bits() -> None:
    assert to_nanoseconds(EARLIEST) > np.iinfo(np.int64).min
    assert to_nanoseconds(EARLIEST - timedelta(days=365)) < np.iinfo(np.int64).min


def _same(one: TradeColumns, other: TradeColumns) -> bool:
    names = ("codes", "times_ns", "prices", "sizes", "sequences")
    pairs = [(getattr(one, name), getattr(other, name)) for name in names]
    equal = all(a.dtype == b.dtype and np.array_equal(a, b) for a, b in pairs)
    return equal and one.symbols == other.symbols


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from("ABC"), st.lists(_ROWS, min_size=1, max_size=4))))
def test_a_batch_is_equal_to_its_single_trades(
    batches: list[tuple[str, list[tuple[datetime, float, float]]]],
) -> None:
    together, one_by_one = MarketColumns("S"), MarketColumns("S")
    for sequence, (symbol, rows) in enumerate(batches):
        times, prices, sizes = (list(column) for column in zip(*rows, strict=True))
        batch = TradeBatch(symbol=symbol, timestamps=times, prices=prices, sizes=sizes)
        together.add(batch, sequence)
        for moment, price, size in rows:
            trade = Trade(symbol=symbol, timestamp=moment, price=price, size=size)
            one_by_one.add(trade, sequence)
    assert _same(together.finish().trades, one_by_one.finish().trades)


def _event(model: type[Trade | Bar | Quote], **fields: object) -> Trade | Bar | Quote:
    return model.model_validate_json(json.dumps({**EXAMPLES[model.__name__], **fields}))


def test_trades_and_bars_keep_their_order_and_share_symbols() -> None:
    columns = MarketColumns("S")
    columns.add(_event(Trade, symbol="A", price=1), 11)
    columns.add(_event(Bar, symbol="B", interval="5m"), 12)
    columns.add(_event(Trade, symbol="B", price=2), 13)
    columns.add(_event(Trade, symbol="A", price=3), 14)
    batch = columns.finish()
    assert batch.stream == "S"
    assert batch.trades.symbols == batch.bars.symbols == ("A", "B")
    assert batch.trades.codes.tolist() == [0, 1, 0]
    assert batch.trades.prices.tolist() == [1.0, 2.0, 3.0]
    assert batch.trades.sequences.tolist() == [11, 13, 14]
    assert batch.bars.codes.tolist() == [1]
    assert batch.bars.intervals == ("5m",)
    bars = batch.bars
    found = [column.tolist() for column in (bars.opens, bars.closes, bars.volumes, bars.sequences)]
    assert found == [[10.0], [10.5], [100.0], [12]]


def test_a_quote_has_no_column_and_nothing_gives_empty_columns() -> None:
    columns = MarketColumns("S")
    columns.add(_event(Quote), 1)
    batch = columns.finish()
    assert len(batch.trades.codes) == len(batch.bars.codes) == 0
    assert batch.trades.times_ns.dtype == np.int64
    assert batch.trades.prices.dtype == np.float64
