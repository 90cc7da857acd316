"""The field types that every contract shares, and the base class of all contracts."""

import re
from decimal import Decimal
from math import isfinite
from typing import Annotated, Any, ClassVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    WithJsonSchema,
)
from pydantic.functional_serializers import PlainSerializer

from mts1b_operations.events.moments import Timestamp, rfc3339

__all__ = [
    "Amount",
    "Count",
    "EventModel",
    "Identifier",
    "JsonObject",
    "JsonSchema",
    "Number",
    "Price",
    "Size",
    "Timestamp",
    "rfc3339",
]

_DECIMAL = r"^[+-]?[0-9]{1,40}(\.[0-9]{0,40})?([eE][+-]?[0-9]{1,2})?$"
_DECIMAL_DIGITS = 140
_EXACT_INTEGER = (1 << 53) - 1


def _require_decimal(value: object, info: ValidationInfo) -> object:
    """Refuse what `Decimal` would take but other readers would not: spaces, 1_000, other digits."""
    if isinstance(value, str) and not re.fullmatch(_DECIMAL, value):
        raise ValueError(
            "expected decimal text of at most 40 digits a side, such as -1234.50; "
            "leave the field out instead of sending NaN"
        )
    if isinstance(value, Decimal | str) or info.mode == "json":
        return value
    raise ValueError(f"expected a Decimal or decimal text, found {type(value).__name__}")


def _within_bounds(value: Decimal) -> Decimal:
    """Refuse what a float cannot hold, or what would be written with millions of digits."""
    if value.is_finite() and value.adjusted() < _DECIMAL_DIGITS:
        return value
    raise ValueError(f"expected a finite decimal below 1e{_DECIMAL_DIGITS}, found {value:.6g}")


def _plain(value: Decimal) -> str:
    return format(value, "f")


def _finite_throughout(value: dict[str, Any]) -> dict[str, Any]:
    """Refuse NaN and infinities at any depth: no JSON could carry them on."""
    level: list[Any] = [value]
    while level:
        if not all(isfinite(one) for one in level if isinstance(one, float)):
            raise ValueError("expected finite numbers only, found NaN or an infinity")
        objects = [one.values() for one in level if isinstance(one, dict)]
        arrays = [one for one in level if isinstance(one, list | tuple)]
        level = [inner for outer in (*objects, *arrays) for inner in outer]
    return value


Identifier = Annotated[str, Field(min_length=1, max_length=200)]
"""A name that becomes one token of a subject once it is percent-encoded."""

Amount = Annotated[
    Decimal,
    Field(strict=False),
    BeforeValidator(_require_decimal),
    AfterValidator(_within_bounds),
    PlainSerializer(_plain, return_type=str, when_used="json"),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "pattern": _DECIMAL},
                {
                    "type": "number",
                    "exclusiveMinimum": -(10.0**_DECIMAL_DIGITS),
                    "exclusiveMaximum": 10.0**_DECIMAL_DIGITS,
                },
            ]
        }
    ),
]
"""Money or a quantity in an audited event: a decimal, written as a string (a number is read)."""

Price = Annotated[float, Field(gt=0, allow_inf_nan=False)]
"""A market price, in the quote currency, as a JSON number."""

Size = Annotated[float, Field(ge=0, allow_inf_nan=False)]
"""A market size, in units of the instrument, as a JSON number."""

Number = Annotated[float, Field(allow_inf_nan=False)]
"""A finite JSON number without a further bound."""

Count = Annotated[int, Field(ge=0, le=_EXACT_INTEGER)]
"""A whole number that every JSON reader holds exactly (RFC 7493, section 2.2)."""

JsonObject = Annotated[dict[str, Any], AfterValidator(_finite_throughout)]
"""An open JSON object of finite numbers: its fields belong to whoever publishes it."""


JsonSchema = dict[str, Any]
"""A JSON Schema, or a part of one, as Python holds it."""


class EventModel(BaseModel):
    """Base of every contract: strict types, immutable, unknown fields tolerated.

    `key_field` names the field that the last token of the subject must carry, or is empty where
    the subject has no key.
    """

    model_config = ConfigDict(frozen=True, strict=True, extra="ignore", allow_inf_nan=False)

    key_field: ClassVar[str] = ""
