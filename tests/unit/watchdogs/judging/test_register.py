from datetime import UTC, datetime

import pytest

from mts1b_operations.events.contracts.registry import FundRegistered
from mts1b_operations.watchdogs.judging.register import FundRegister

pytestmark = pytest.mark.unit


def registered(year: int, **facts: object) -> FundRegistered:
    known = {"fund_id": "alpha", "timestamp": datetime(year, 1, 1, tzinfo=UTC), "mode": "live"}
    return FundRegistered.model_validate(known | facts)


def test_the_latest_registration_counts_whatever_the_order() -> None:
    register = FundRegister()
    for one in (registered(2026, target_volatility=0.2), registered(2025, target_volatility=0.1)):
        register.take(one)

    assert register.target_volatility == 0.2
    register.take(registered(2027))
    assert register.target_volatility is None


def test_strategies_are_known_by_the_funds_word_or_by_their_own() -> None:
    register = FundRegister()
    register.take(registered(2026, strategies=["trend", "carry"]))
    for one in ("value", "trend", "value"):
        register.join(one)

    assert register.known_strategies == ["carry", "trend", "value"]
