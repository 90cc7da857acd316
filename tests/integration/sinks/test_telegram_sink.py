import logging
import time
from collections.abc import Callable, Iterator

import pytest
from bytewax import operators as op
from bytewax.dataflow import Dataflow
from bytewax.testing import TestingSource
from pydantic import SecretStr

from mts1b_operations.sinks.chat.sender import TelegramRefusedError
from mts1b_operations.sinks.telegram import TelegramPartition, TelegramSink, Unsent
from tests.integration.sinks.bot_api import TOKEN, BotApi, bot_api, error, flood
from tests.integration.sinks.scene import run
from tests.unit.sinks.samples import action, alert, halt, reading, rejected
from tests.waiting import until

pytestmark = pytest.mark.integration

Open = Callable[..., TelegramPartition]


@pytest.fixture
def api() -> Iterator[BotApi]:
    with bot_api() as server:
        yield server


def sink(api: BotApi, token: str = TOKEN, limit: int = 1000) -> TelegramSink:
    return TelegramSink(SecretStr(token), "42", api.url, limit=limit)


@pytest.fixture
def opened(api: BotApi) -> Iterator[Open]:
    parts: list[TelegramPartition] = []

    def build(
        state: Unsent | None = None, token: str = TOKEN, limit: int = 1000
    ) -> TelegramPartition:
        parts.append(sink(api, token, limit).build_part("out", "0", state))
        return parts[-1]

    yield build
    api.open.set()
    for part in parts:
        part.close()


def first_lines(api: BotApi) -> list[str]:
    return [text.partition("\n")[0] for text in api.received]


def test_a_flow_tells_of_alerts_and_halts_in_order(api: BotApi) -> None:
    items = [alert(1), reading(1), action(1), halt(1), rejected(1), alert(2, state="resolved")]
    flow = Dataflow("telegram")
    source = TestingSource([("key", emission) for emission in items])
    op.output("out", op.input("in", flow, source), sink(api))
    run(flow)
    assert first_lines(api) == [
        "FIRING critical: vpin AAPL · fund alpha",
        "FUND_HALT requested: alpha",
        "RESOLVED critical: vpin AAPL · fund alpha",
    ]
    assert api.chats == {"42"}


def test_retry_after_is_obeyed(api: BotApi, opened: Open) -> None:
    api.answers.append(flood(1))
    started = time.monotonic()
    opened().write_batch([alert(1)])
    until(lambda: len(api.received) == 1)
    assert time.monotonic() - started >= 1.0


def test_errors_of_the_server_are_tried_again(
    api: BotApi, opened: Open, caplog: pytest.LogCaptureFixture
) -> None:
    api.answers += [error(500, "Internal Server Error"), error(502, "Bad Gateway")]
    opened().write_batch([alert(1), halt(1)])
    until(lambda: len(api.received) == 2)
    assert [record.getMessage() for record in caplog.records if record.name.endswith("sender")] == [
        "Telegram takes no notices: Internal Server Error; trying again",
        "Telegram takes notices again",
    ]


def test_a_slow_telegram_does_not_hold_up_the_flow(api: BotApi, opened: Open) -> None:
    part = opened()
    api.open.clear()
    part.write_batch([alert(0)])
    until(lambda: api.requests == 1)
    durations = []
    for number in range(1, 101):
        started = time.perf_counter()
        part.write_batch([alert(number)])
        part.snapshot()
        durations.append(time.perf_counter() - started)
    # The middle one: this machine may stop any single call for longer.
    assert sorted(durations)[50] < 0.005
    api.open.set()
    until(lambda: len(api.received) == 101)


def test_a_snapshot_holds_what_is_unsent_and_a_successor_sends_it(
    api: BotApi, opened: Open
) -> None:
    crashed = opened()
    crashed.write_batch([alert(1)])
    until(lambda: len(api.received) == 1)
    api.open.clear()
    crashed.write_batch([alert(2), halt(2)])
    until(lambda: api.requests == 2)
    state = crashed.snapshot()
    crashed._sender._stopping.set()
    assert len(state[0]) == 2
    api.open.set()
    until(lambda: not crashed._sender.works)
    received = len(api.received)
    opened(state)
    # The one under way during the crash is told twice; none is missing.
    until(lambda: len(api.received) == received + 2)
    assert first_lines(api)[-1] == "FUND_HALT requested: alpha"


def test_control_without_the_snapshot_notices_are_lost(api: BotApi, opened: Open) -> None:
    crashed = opened()
    api.open.clear()
    crashed.write_batch([alert(1), halt(1)])
    until(lambda: api.requests == 1)
    crashed._sender._stopping.set()
    api.open.set()
    until(lambda: not crashed._sender.works)
    opened(None).write_batch([alert(2)])
    until(lambda: len(api.received) == 2)
    assert "FUND_HALT requested: alpha" not in first_lines(api)


def test_a_flood_of_alerts_is_summed_up_and_never_sheds_a_halt(api: BotApi, opened: Open) -> None:
    part = opened(limit=3)
    api.open.clear()
    warnings = [alert(number) for number in range(10)]
    for number, emission in enumerate(warnings):
        event = emission.event.model_copy(update={"severity": "warning", "key": f"K{number}"})
        part.write_batch([type(emission)(event, str(number), "flow/test", emission.time)])
    part.write_batch([halt(1)])
    part.snapshot()
    api.open.set()
    part.close()
    assert "FUND_HALT requested: alpha" in first_lines(api)
    assert "more alerts" in first_lines(api)[-1]
    assert len(api.received) <= 5


def test_one_unacceptable_notice_does_not_stop_the_others(
    api: BotApi, opened: Open, caplog: pytest.LogCaptureFixture
) -> None:
    api.answers.append(error(400, "Bad Request: message must be non-empty"))
    opened().write_batch([alert(1), halt(1)])
    until(lambda: len(api.received) == 1)
    assert first_lines(api) == ["FUND_HALT requested: alpha"]
    assert "Telegram refused one notice" in caplog.text


@pytest.mark.parametrize(
    ("answer", "advice"),
    [
        (error(400, "Bad Request: chat not found"), "MTS_TELEGRAM_CHAT_ID"),
        (error(403, "Forbidden: bot was kicked from the group chat"), "invite the bot"),
    ],
)
def test_a_chat_that_will_never_answer_is_an_error(
    api: BotApi, opened: Open, answer: tuple[int, dict[str, object]], advice: str
) -> None:
    api.answers.append(answer)
    part = opened()
    part.write_batch([alert(1)])
    until(lambda: not part._sender.works)
    with pytest.raises(TelegramRefusedError, match=advice):
        part.snapshot()


def test_a_wrong_token_is_an_error_that_does_not_tell_it(
    opened: Open, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    part = opened(token="7654321:wrong-and-secret")
    part.write_batch([alert(1)])
    until(lambda: not part._sender.works)
    with pytest.raises(TelegramRefusedError, match="MTS_TELEGRAM_TOKEN") as refused:
        part.write_batch([alert(2)])
    assert "wrong-and-secret" not in str(refused.value)
    assert "wrong-and-secret" not in caplog.text


def test_the_token_is_in_no_log_at_any_level(
    api: BotApi, opened: Open, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    part = opened()
    part.write_batch([alert(1)])
    until(lambda: len(api.received) == 1)
    part.close()
    assert "HTTP Request: POST" in caplog.text
    assert TOKEN not in caplog.text
    assert TOKEN not in repr(sink(api)) + repr(sink(api)._chat)
