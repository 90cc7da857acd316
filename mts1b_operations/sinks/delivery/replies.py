"""What a JetStream reply to a publish means (ADR-1 and the server's error catalogue, errors.json).

A reply is a JSON object: `{"stream", "seq"}`, or `{"error": {"code", "err_code", "description"}}`.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

_NO_RESPONDERS = "503"
_BAD_REQUEST = 400
_OUT_OF_ROOM = frozenset({10002, 10023, 10047, 10077})
"""Error codes of a stream or account that is out of room, or of a store that cannot write."""

Outcome = Literal["stored", "again", "full", "never"]
"""Stored · try again · try again, the stream has no room · no attempt can succeed."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An outcome, with the server's reason when the message was not stored."""

    outcome: Outcome
    reason: str = ""


def read_reply(payload: bytes, headers: Mapping[str, str] | None) -> Reply:
    """Understand one reply. Anything unreadable counts as "again": a repeat is harmless."""
    if headers and headers.get("Status") == _NO_RESPONDERS:
        return Reply("again", "no stream listens on this subject")
    try:
        answer: Any = json.loads(payload)
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        return Reply("again", f"expected a JSON object as acknowledgement, found {payload[:80]!r}")
    error = answer.get("error")
    if isinstance(error, dict):
        return _refusal(error)
    if "stream" in answer:
        return Reply("stored")
    return Reply("again", f"expected stream and seq as acknowledgement, found {payload[:80]!r}")


def _refusal(error: dict[str, Any]) -> Reply:
    code, err_code = error.get("code"), error.get("err_code")
    reason = f"{error.get('description', 'no description')} (error {err_code})"
    if err_code in _OUT_OF_ROOM:
        return Reply("full", reason)
    return Reply("never" if code == _BAD_REQUEST else "again", reason)
