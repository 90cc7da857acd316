"""The columns of each table, derived from its contract, and the rows that emissions become.

A table has `event_id`, then the contract's fields: moments as TIMESTAMP WITH TIME ZONE (UTC,
microseconds), numbers as DOUBLE, texts as VARCHAR, anything nested as JSON text.
"""

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import pyarrow as pa
from pydantic import AwareDatetime

from mts1b_operations.events.canonical import canonical_json
from mts1b_operations.events.contracts.actions import ActionRequest
from mts1b_operations.events.contracts.alerts import Alert, Reading
from mts1b_operations.events.contracts.halts import HaltRequest
from mts1b_operations.events.envelope import Emission
from mts1b_operations.events.fields import EventModel
from mts1b_operations.sinks.routing import ACTIONS, ALERTS, HALTS, READINGS

Row = dict[str, Any]
ColumnType = Literal["VARCHAR", "DOUBLE", "BIGINT", "TIMESTAMP WITH TIME ZONE", "JSON"]

EVENT_ID = "event_id"

_SIMPLE: dict[object, ColumnType] = {
    str: "VARCHAR",
    float: "DOUBLE",
    int: "BIGINT",
    datetime: "TIMESTAMP WITH TIME ZONE",
    AwareDatetime: "TIMESTAMP WITH TIME ZONE",
}
_ARROW = {
    "VARCHAR": pa.string(),
    "DOUBLE": pa.float64(),
    "BIGINT": pa.int64(),
    "TIMESTAMP WITH TIME ZONE": pa.timestamp("us", tz="UTC"),
    "JSON": pa.string(),
}


@dataclass(frozen=True)
class Table:
    """A table of emissions of one kind."""

    name: str
    model: type[EventModel]

    @cached_property
    def columns(self) -> dict[str, ColumnType]:
        """Give each column's type, by name and in order."""
        columns: dict[str, ColumnType] = {EVENT_ID: "VARCHAR"}
        for name, field in self.model.model_fields.items():
            columns[name] = _column_type(field.annotation)
        return columns

    @cached_property
    def schema(self) -> pa.Schema:
        """Give the Arrow schema of a part."""
        return pa.schema([(name, _ARROW[kind]) for name, kind in self.columns.items()])

    def row(self, emission: Emission) -> Row:
        """Make a row of `emission`, keyed by column."""
        event = emission.event
        row: Row = {EVENT_ID: emission.event_id}
        for name, kind in self.columns.items():
            if kind == "JSON":
                row[name] = _json_text(event, name)
            elif name != EVENT_ID:
                row[name] = getattr(event, name)
        return row


TABLES: dict[type[EventModel], Table] = {
    Reading: Table(READINGS, Reading),
    Alert: Table(ALERTS, Alert),
    ActionRequest: Table(ACTIONS, ActionRequest),
    HaltRequest: Table(HALTS, HaltRequest),
}
"""The tables that are materialised, by the contract that fills them."""


def _column_type(annotation: object) -> ColumnType:
    origin = get_origin(annotation)
    if origin is Annotated:
        return _column_type(get_args(annotation)[0])
    if origin is Literal:
        return "VARCHAR"
    if origin in (Union, UnionType):
        kinds = {_column_type(part) for part in get_args(annotation) if part is not type(None)}
        return kinds.pop() if len(kinds) == 1 else "JSON"
    return _SIMPLE.get(annotation, "JSON")


def _json_text(event: EventModel, name: str) -> str | None:
    value = event.model_dump(mode="json", include={name})[name]
    return None if value is None else canonical_json(value).decode()
