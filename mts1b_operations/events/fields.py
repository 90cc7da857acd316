"""The field types that every contract shares, and the base class of all contracts."""

import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.functional_serializers import PlainSerializer

_RFC3339 = re.compile(r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2})")


def _require_rfc3339(value: object) -> object:
    if isinstance(value, datetime) or (isinstance(value, str) and _RFC3339.fullmatch(value)):
        return value
    raise ValueError("expected RFC 3339 text with a zone, such as 2026-01-02T03:04:05.000006Z")


def rfc3339(moment: datetime) -> str:
    """Write an aware moment as RFC 3339 UTC text with microseconds."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _finite(value: Decimal) -> Decimal:
    if not value.is_finite():
        raise ValueError(f"expected a finite decimal, found {value}; leave the field out instead")
    return value


def _plain(value: Decimal) -> str:
    return format(value, "f")


Timestamp = Annotated[
    AwareDatetime,
    Field(strict=False),
    BeforeValidator(_require_rfc3339),
    AfterValidator(lambda moment: moment.astimezone(UTC)),
    PlainSerializer(rfc3339, return_type=str, when_used="json"),
]
"""An aware moment, kept in UTC; on the wire RFC 3339 text with microseconds."""

Identifier = Annotated[str, Field(min_length=1, max_length=200)]
"""A name that becomes one token of a subject once it is percent-encoded."""

Amount = Annotated[
    Decimal, AfterValidator(_finite), PlainSerializer(_plain, return_type=str, when_used="json")
]
"""Money or a quantity in an audited event: a decimal, written as a string."""

Price = Annotated[float, Field(gt=0, allow_inf_nan=False)]
"""A market price, in the quote currency, as a JSON number."""

Size = Annotated[float, Field(ge=0, allow_inf_nan=False)]
"""A market size, in units of the instrument, as a JSON number."""

Number = Annotated[float, Field(allow_inf_nan=False)]
"""A finite JSON number without a further bound."""

JsonObject = dict[str, Any]
"""An open JSON object: its fields belong to whoever publishes it."""


class EventModel(BaseModel):
    """Base of every contract: strict types, immutable, unknown fields tolerated.

    `key_field` names the field that the last token of the subject must carry, or is empty where
    the subject has no key.
    """

    model_config = ConfigDict(frozen=True, strict=True, extra="ignore", allow_inf_nan=False)

    key_field: ClassVar[str] = ""
