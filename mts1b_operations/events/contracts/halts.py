"""The life of a halt, from its request to its lifting."""

from typing import ClassVar, Literal, Self

from pydantic import ConfigDict, Field, model_validator

from mts1b_operations.events.fields import EventModel, Identifier, JsonSchema, Timestamp

HaltLevel = Literal["STRATEGY_HALT", "FUND_HALT", "FIRM_HALT"]


_SCOPE_FITS_THE_LEVEL: JsonSchema = {
    "if": {"properties": {"level": {"const": "FIRM_HALT"}}},
    "then": {"properties": {"scope_id": {"type": "null"}}},
    "else": {"properties": {"scope_id": {"type": "string"}}, "required": ["scope_id"]},
}


class HaltRequest(EventModel):
    """Stop trading in a scope. Effective from its acknowledgement by the stream."""

    model_config = ConfigDict(json_schema_extra=_SCOPE_FITS_THE_LEVEL)

    halt_id: Identifier
    level: HaltLevel
    scope_id: Identifier | None = None
    reason: str
    requested_by: Identifier
    timestamp: Timestamp
    alert_id: Identifier | None = None
    origin: Literal["watchdog", "operator"]

    @model_validator(mode="after")
    def _scope_fits_the_level(self) -> Self:
        if (self.level == "FIRM_HALT") != (self.scope_id is None):
            raise ValueError(
                f"expected a scope_id for strategy and fund halts and none for a firm halt, "
                f"found {self.scope_id!r} with {self.level}"
            )
        return self


class HaltEnforced(EventModel):
    """Every registered order system has acknowledged and reports zero open orders."""

    halt_id: Identifier
    timestamp: Timestamp
    requested_at: Timestamp
    oms_ids: list[Identifier]


class HaltEnforcementFailed(EventModel):
    """An order system did not acknowledge in time, or still has open orders."""

    halt_id: Identifier
    timestamp: Timestamp
    missing: list[Identifier]
    reason: str


class ResumeRequested(EventModel):
    """Somebody asks to lift a halt; signatures refer to `chain_head` and end at `expires`."""

    resume_id: Identifier
    halt_id: Identifier
    requested_by: Identifier
    timestamp: Timestamp
    chain_head: str
    expires: Timestamp


class Signature(EventModel):
    """An Ed25519 signature (RFC 8032), in hexadecimal, of one signer."""

    signer: Identifier
    signature: str = Field(pattern=r"^[0-9a-f]{128}$")


class ResumeSigned(EventModel):
    """One signer's signature under a resume request."""

    resume_id: Identifier
    halt_id: Identifier
    timestamp: Timestamp
    signature: Signature


class HaltLifted(EventModel):
    """A halt is over. Carries the signatures, for every gate to verify by itself."""

    halt_id: Identifier
    resume_id: Identifier
    timestamp: Timestamp
    chain_head: str
    expires: Timestamp
    signatures: list[Signature]


class HaltRefused(EventModel):
    """A request or a signature that was not accepted, and why."""

    halt_id: Identifier
    timestamp: Timestamp
    refused: Identifier
    reason: str


class Drill(EventModel):
    """A rehearsal of a halt in a marked scope."""

    key_field: ClassVar[str] = "drill_id"

    drill_id: Identifier
    halt_id: Identifier
    timestamp: Timestamp
    legs_ms: dict[str, float]
