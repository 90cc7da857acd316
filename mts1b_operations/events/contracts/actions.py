"""What watchdogs ask of other services, and what operators command."""

from typing import ClassVar, Literal

from mts1b_operations.events.fields import EventModel, Identifier, JsonObject, Timestamp

ActionName = Literal["throttle", "scale", "hedge", "cooldown", "shadow", "reduce", "vacuum"]


class ActionRequest(EventModel):
    """A request with absolute targets and an expiry, never "times 0.5": safe to repeat."""

    key_field: ClassVar[str] = "action"

    action_id: Identifier
    action: ActionName
    fund_id: Identifier | None = None
    strategy_id: Identifier | None = None
    symbol: Identifier | None = None
    parameters: JsonObject
    reason: str
    alert_id: Identifier
    timestamp: Timestamp
    expires: Timestamp


class ActionResult(EventModel):
    """What became of an action request."""

    key_field: ClassVar[str] = "action"

    action_id: Identifier
    action: ActionName
    result: Literal["applied", "refused", "expired"]
    timestamp: Timestamp
    reason: str | None = None


class OperatorCommand(EventModel):
    """A command that a person gave, such as cancel_all or flatten_paper."""

    key_field: ClassVar[str] = "command"

    command_id: Identifier
    command: Identifier
    requested_by: Identifier
    timestamp: Timestamp
    fund_id: Identifier | None = None
    strategy_id: Identifier | None = None
    reason: str | None = None
