"""What the funds hold and are worth. Money and quantities are decimal strings."""

from typing import ClassVar, Literal, Self

from pydantic import ConfigDict, Field, model_validator

from mts1b_operations.events.fields import (
    Amount,
    EventModel,
    Identifier,
    JsonSchema,
    Number,
    Timestamp,
)


class NavTick(EventModel):
    """A fund's net asset value. `external_flow` is money that came in (+) or left (-) with it."""

    key_field: ClassVar[str] = "fund_id"

    fund_id: Identifier
    timestamp: Timestamp
    nav: Amount
    external_flow: Amount | None = None


class PositionUpdate(EventModel):
    """A position after a change of `delta` units."""

    key_field: ClassVar[str] = "fund_id"

    fund_id: Identifier
    symbol: Identifier
    timestamp: Timestamp
    quantity: Amount
    delta: Amount
    strategy_id: Identifier | None = None
    price: Amount | None = None
    corporate_action: str | None = None


class OptionPosition(EventModel):
    """An option position; theta is per contract and calendar day, else it can be computed."""

    key_field: ClassVar[str] = "fund_id"

    fund_id: Identifier
    contract_id: Identifier
    timestamp: Timestamp
    quantity: Amount
    multiplier: Amount
    theta: Number | None = None
    spot: Number | None = None
    strike: Number | None = None
    expiry: Timestamp | None = None
    right: Literal["call", "put"] | None = None
    iv: Number | None = None
    rate: Number | None = None
    dividend_yield: Number | None = None


_HAS_AN_ENVELOPE: JsonSchema = {
    "anyOf": [
        {
            "properties": {"mu_daily": {"type": "number"}, "sigma_daily": {"type": "number"}},
            "required": ["mu_daily", "sigma_daily"],
        },
        {"properties": {"returns": {"type": "array", "minItems": 1}}, "required": ["returns"]},
    ]
}


class NavEnvelope(EventModel):
    """The backtest that a fund's NAV is held against: daily log mean and sd, or the returns."""

    model_config = ConfigDict(json_schema_extra=_HAS_AN_ENVELOPE)

    key_field: ClassVar[str] = "fund_id"

    fund_id: Identifier
    start: Timestamp
    mu_daily: Number | None = None
    sigma_daily: Number | None = Field(default=None, gt=0)
    returns: list[Number] | None = None

    @model_validator(mode="after")
    def _has_an_envelope(self) -> Self:
        parametric = self.mu_daily is not None and self.sigma_daily is not None
        if not parametric and not self.returns:
            raise ValueError("expected mu_daily and sigma_daily, or returns; found neither")
        return self
