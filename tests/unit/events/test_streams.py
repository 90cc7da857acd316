"""The four streams as data, and the partition that nats-server will choose."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mts1b_operations.events.streams import PARTITIONS, STREAMS, partition_of

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("token", "state"),
    # From the test suite of Landon Curt Noll's reference code, draft-eastlake-fnv.
    [("", 0x811C9DC5), ("a", 0xE40C292C), ("foobar", 0xBF9CF968)],
)
def test_the_hash_is_fnv_1a(token: str, state: int) -> None:
    assert partition_of(token, 1 << 32) == state
    assert partition_of(token, 8) == state % 8


@given(st.text(st.characters(codec="utf-8"), max_size=20), st.integers(1, 64))
def test_a_partition_is_one_of_those_there_are(token: str, partitions: int) -> None:
    assert 0 <= partition_of(token, partitions) < partitions


def test_many_symbols_reach_every_partition() -> None:
    found = {partition_of(f"SYM{number}") for number in range(200)}
    assert found == set(range(PARTITIONS))


def test_only_market_data_and_readings_may_lose_the_last_moment_to_a_power_failure() -> None:
    assert {one.name for one in STREAMS if one.asynchronous} == {"MTS_MARKETDATA"}


def test_what_must_be_kept_refuses_when_full() -> None:
    assert {one.name for one in STREAMS if one.discard == "new"} == {"MTS_EVENTS", "MTS_HALTS"}
    assert all(one.max_bytes > 0 for one in STREAMS)
