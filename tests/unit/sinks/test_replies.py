import json

import pytest

from mts1b_operations.sinks.delivery.replies import Outcome, read_reply

pytestmark = pytest.mark.unit


def error(code: int, err_code: int, description: str = "why") -> bytes:
    return json.dumps(
        {"error": {"code": code, "err_code": err_code, "description": description}}
    ).encode()


@pytest.mark.parametrize(
    ("payload", "outcome"),
    [
        (b'{"stream": "MTS_HALTS", "seq": 1}', "stored"),
        (b'{"stream": "MTS_HALTS", "seq": 1, "duplicate": true}', "stored"),
        (error(503, 10077, "maximum bytes exceeded"), "full"),
        (error(503, 10023, "insufficient resources"), "full"),
        (error(503, 10008, "jetstream system temporarily unavailable"), "again"),
        (error(400, 10054, "message size exceeds maximum allowed"), "never"),
        (b"{}", "again"),
        (b"[]", "again"),
        (b"", "again"),
        (b"\xff", "again"),
    ],
)
def test_outcomes(payload: bytes, outcome: Outcome) -> None:
    assert read_reply(payload, None).outcome == outcome


def test_nobody_listening_is_tried_again() -> None:
    reply = read_reply(b"", {"Status": "503"})
    assert reply.outcome == "again"
    assert "no stream" in reply.reason


def test_the_reason_is_the_servers() -> None:
    reply = read_reply(error(503, 10077, "maximum bytes exceeded"), {})
    assert reply.reason == "maximum bytes exceeded (error 10077)"
