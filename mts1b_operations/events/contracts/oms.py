"""What the order system and the risk engine report."""

from typing import ClassVar, Literal

from mts1b_operations.events.fields import (
    Amount,
    Count,
    EventModel,
    Identifier,
    Number,
    Timestamp,
)

OrderStep = Literal["new", "accepted", "routed", "modified", "cancelled", "rejected", "filled"]


class OrderEvent(EventModel):
    """One step in the life of an order."""

    key_field: ClassVar[str] = "strategy_id"

    order_id: Identifier
    fund_id: Identifier
    strategy_id: Identifier
    symbol: Identifier
    side: Literal["buy", "sell"]
    quantity: Amount
    event: OrderStep
    price: Amount | None = None
    reason: str | None = None
    timestamp: Timestamp | None = None


class HaltAck(EventModel):
    """An order system's answer to a halt: whether it still accepts, and what still rests."""

    key_field: ClassVar[str] = "oms_id"

    halt_id: Identifier
    oms_id: Identifier
    timestamp: Timestamp
    accepting: bool
    open_orders: Count


class GateFailure(EventModel):
    """An order that a risk gate refused."""

    key_field: ClassVar[str] = "strategy_id"

    strategy_id: Identifier
    order_id: Identifier
    gate: Identifier
    reason: str
    limit: Number | None = None
    value: Number | None = None
    timestamp: Timestamp | None = None
