import pytest

from mts1b_operations.sinks.delivery.backoff import Backoff

pytestmark = pytest.mark.unit


def test_delays_double_up_to_the_longest_and_start_again() -> None:
    backoff = Backoff(first=0.1, longest=1.0, chance=lambda: 1.0)
    delays = [backoff.delay() for _ in range(6)]
    assert delays == pytest.approx([0.1, 0.2, 0.4, 0.8, 1.0, 1.0])
    backoff.reset()
    assert backoff.delay() == pytest.approx(0.1)


def test_chance_cuts_a_delay_by_up_to_a_half() -> None:
    assert Backoff(first=0.4, chance=lambda: 0.0).delay() == pytest.approx(0.2)
    assert 0.2 <= Backoff(first=0.4).delay() <= 0.4
