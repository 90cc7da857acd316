"""An alert on NATS is a message in the chat."""

import asyncio
import json
from pathlib import Path

import pytest

from mts1b_operations.local.nats import NatsServer
from tests.flow_processes import FlowProcess, flow_process, make_streams, publish
from tests.integration.sinks.bot_api import TOKEN, bot_api
from tests.trades import SETTINGS, trade_lines
from tests.waiting import until

pytestmark = pytest.mark.integration


def test_alert_reaches_the_chat(nats_server: NatsServer, tmp_path: Path) -> None:
    settings = tmp_path / "settings.json"
    settings.write_text(json.dumps(SETTINGS))
    asyncio.run(make_streams(nats_server))
    publish(nats_server, trade_lines(12_000))
    with bot_api() as api:
        told = {
            "MTS_TELEGRAM_TOKEN": TOKEN,
            "MTS_TELEGRAM_CHAT_ID": "42",
            "MTS_TELEGRAM_BASE_URL": api.url,
        }
        notify = FlowProcess(nats_server, tmp_path, settings, flow="notify", environment=told)
        with flow_process(FlowProcess(nats_server, tmp_path, settings)), flow_process(notify):
            until(lambda: any("vpin" in text for text in api.received), deadline=30)
    assert api.chats == {"42"}
    assert TOKEN not in notify.log()


def test_nobody_to_tell_is_one_clear_line(nats_server: NatsServer, tmp_path: Path) -> None:
    settings = tmp_path / "settings.json"
    settings.write_text(json.dumps(SETTINGS))
    asyncio.run(make_streams(nats_server))
    notify = FlowProcess(nats_server, tmp_path, settings, flow="notify")
    notify.start()
    assert notify.running.wait(timeout=20) == 2
    assert "MTS_TELEGRAM_TOKEN" in notify.log()
    assert len(notify.log().splitlines()) == 1
