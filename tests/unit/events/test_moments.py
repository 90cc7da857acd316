"""Moments, amounts and open objects: what every contract relies on."""

import json
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from mts1b_operations.events.contracts.portfolio import NavTick
from mts1b_operations.events.contracts.registry import WatchdogConfigured
from mts1b_operations.events.fields import rfc3339
from tests.unit.events.minimal_examples import EXAMPLES

pytestmark = pytest.mark.unit

_ZONES = st.integers(-23 * 60, 23 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
_MOMENTS = st.datetimes(datetime(2, 1, 1), datetime(9998, 1, 1), timezones=_ZONES)  # noqa: DTZ001


def _tick(**fields: object) -> NavTick:
    return NavTick.model_validate_json(json.dumps({**EXAMPLES["NavTick"], **fields}))


def _read(text: str) -> datetime:
    return _tick(timestamp=text).timestamp


@given(_MOMENTS)
def test_a_moment_goes_there_and_back_exactly(moment: datetime) -> None:
    text = rfc3339(moment)
    assert len(text) == len("2026-01-02T03:04:05.000006Z")
    assert _read(text) == moment
    assert _read(moment.isoformat()) == moment
    assert _read(text).tzinfo is UTC


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("2026-01-02T03:04:05Z", "2026-01-02T03:04:05.000000Z"),
        ("2026-01-02 03:04:05.5z", "2026-01-02T03:04:05.500000Z"),
        ("2026-01-02t03:04:05.123456789Z", "2026-01-02T03:04:05.123456Z"),
        ("2026-01-02T03:04:05+05:30", "2026-01-01T21:34:05.000000Z"),
        ("2026-01-02T03:04:05-00:00", "2026-01-02T03:04:05.000000Z"),
    ],
)
def test_every_form_of_rfc_3339_is_read(text: str, same: str) -> None:
    assert rfc3339(_read(text)) == same
    assert (
        rfc3339(NavTick.model_validate({**EXAMPLES["NavTick"], "timestamp": text}).timestamp)
        == same
    )


@pytest.mark.parametrize(
    "value",
    [
        *("", "now", "2026-01-02", "2026-01-02T03:04:05", "2026-01-02T03:04Z", "1700000000"),
        *("2026-02-30T00:00:00Z", "2026-01-02T24:00:00Z", "2026-01-02T03:04:60Z"),
        *("0000-01-01T00:00:00Z", "٢٠٢٦-01-02T03:04:05Z", "2026-01-02T03:04:05Z\n"),
        *("0001-01-01T00:00:00+00:01", "9999-12-31T23:59:59-00:01", "2026-01-02T03:04:05+24:00"),
        *(1_700_000_000, None, True),
    ],
)
def test_anything_else_is_refused_in_json_and_in_python(value: object) -> None:
    with pytest.raises(ValidationError, match="timestamp"):
        _tick(timestamp=value)
    with pytest.raises(ValidationError, match="timestamp"):
        NavTick.model_validate({**EXAMPLES["NavTick"], "timestamp": value})


def test_a_moment_without_a_zone_is_refused() -> None:
    naive = datetime(2026, 1, 2)  # noqa: DTZ001
    with pytest.raises(ValidationError, match="with a zone"):
        NavTick(fund_id="alpha", timestamp=naive, nav=Decimal(1))


@given(
    st.decimals(
        allow_nan=False, allow_infinity=False, places=9, min_value=-(10**30), max_value=10**30
    )
)
def test_an_amount_goes_there_and_back_exactly(amount: Decimal) -> None:
    tick = _tick(nav=str(amount))
    assert tick.nav == amount
    written = json.loads(tick.model_dump_json())["nav"]
    assert Decimal(written) == amount
    assert "E" not in written


@pytest.mark.parametrize(
    "text", ["1E+6", "1e6", "+1000000", "1000000.", "1000000.000", 1000000, 1e6]
)
def test_forms_of_a_million(text: object) -> None:
    assert _tick(nav=text).nav == 1_000_000


@pytest.mark.parametrize(
    "value",
    [
        *("", "NaN", "Infinity", "-inf", " 1", "1 ", "1_000", "1,5", "٣", "0x1", ".5", "1\n"),
        *("1e1000000000", "9" * 41, True, None, [], 1e140, -1e200, 10**200),
    ],
)
def test_what_other_readers_would_not_take_is_no_amount(value: object) -> None:
    with pytest.raises(ValidationError, match="nav"):
        _tick(nav=value)


def test_in_python_an_amount_is_a_decimal() -> None:
    with pytest.raises(ValidationError, match="expected a Decimal"):
        NavTick.model_validate({**EXAMPLES["NavTick"], "nav": 1.5})


@pytest.mark.parametrize("text", ["NaN", "[Infinity]", '{"deep": [[{"er": -Infinity}]]}', "1e999"])
def test_an_open_object_holds_finite_numbers_only(text: str) -> None:
    payload = json.dumps({**EXAMPLES["WatchdogConfigured"], "settings": {"x": "HERE"}})
    with pytest.raises(ValidationError, match="finite numbers"):
        WatchdogConfigured.model_validate_json(payload.replace('"HERE"', text))


def test_an_open_object_keeps_what_it_is_given() -> None:
    settings = {"a": [1, 2.5, None, {"b": "NaN"}], "c": {}}
    payload = json.dumps({**EXAMPLES["WatchdogConfigured"], "settings": settings})
    assert WatchdogConfigured.model_validate_json(payload).settings == settings
