import json
from datetime import UTC

import pytest

from mts1b_operations.events.contracts.alerts import Alert, Reading
from mts1b_operations.events.contracts.halts import HaltRequest
from mts1b_operations.sinks.tables import TABLES
from tests.unit.sinks.samples import action, alert, halt, moment, reading

pytestmark = pytest.mark.unit

MOMENT = "TIMESTAMP WITH TIME ZONE"


def test_columns_of_readings_are_typed() -> None:
    assert TABLES[Reading].columns == {
        "event_id": "VARCHAR",
        "watchdog": "VARCHAR",
        "key": "VARCHAR",
        "fund_id": "VARCHAR",
        "timestamp": MOMENT,
        "value": "DOUBLE",
        "threshold": "DOUBLE",
        "state": "VARCHAR",
        "rule": "VARCHAR",
        "rule_version": "VARCHAR",
        "detail": "JSON",
    }


def test_nested_fields_are_json_and_literals_are_text() -> None:
    columns = TABLES[Alert].columns
    assert columns["evidence"] == "JSON"
    assert columns["severity"] == "VARCHAR"
    assert columns["since"] == MOMENT
    assert TABLES[HaltRequest].columns["level"] == "VARCHAR"


def test_a_row_has_every_column_of_its_table() -> None:
    for emission in (reading(1), alert(1), action(1), halt(1)):
        table = TABLES[type(emission.event)]
        assert list(table.row(emission)) == list(table.columns)


def test_a_row_keeps_values_and_writes_json() -> None:
    row = TABLES[Reading].row(reading(3, value=None))
    assert row["value"] is None
    assert row["timestamp"] == moment(3)
    assert row["timestamp"].tzinfo is UTC
    assert json.loads(row["detail"]) == {"bucket": 3}
    evidence = json.loads(TABLES[Alert].row(alert(3))["evidence"])
    assert evidence["window_end"] == "2026-03-02T14:30:03.000000Z"
