"""A thread that takes notices from a mailbox and sends them by Telegram's Bot API."""

import asyncio
import logging
import os
import threading
from dataclasses import dataclass
from datetime import timedelta

from pydantic import SecretStr
from telegram import Bot
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Forbidden,
    InvalidToken,
    RetryAfter,
    TelegramError,
)
from telegram.request import HTTPXRequest

from mts1b_operations.sinks.chat.mailbox import Mailbox
from mts1b_operations.sinks.chat.notices import Notice
from mts1b_operations.sinks.chat.redaction import quiet_about, redacted
from mts1b_operations.sinks.delivery.backoff import Backoff

_LOG = logging.getLogger(__name__)
_TICK = 0.2
_HTTP_TIMEOUT = 10.0
_SEND_TIMEOUT = 30.0
_STOP_TIMEOUT = 1.0
_PUBLIC_SERVER = "https://api.telegram.org"


class TelegramRefusedError(RuntimeError):
    """Telegram will not take notices from this bot for this chat, however often we try."""


@dataclass(frozen=True, slots=True)
class Chat:
    """Who writes to which chat. `server` is the address of a Bot API server, None the public."""

    token: SecretStr
    chat_id: str
    server: str | None = None


class Sender:
    """Sends the oldest notice until Telegram has it, then the next.

    Obeys `retry_after`; tries again after network errors and errors of the server, with a growing
    delay. The token appears in no log, no repr and no error.
    """

    def __init__(self, chat: Chat, mailbox: Mailbox) -> None:
        self._chat = chat
        self._mailbox = mailbox
        self._backoff = Backoff(first=0.5, longest=60.0)
        self._stopping = threading.Event()
        self._silent = False
        self._refusal: str | None = None
        self._thread = threading.Thread(target=self._main, name="mts-telegram", daemon=True)
        self._thread.start()

    @property
    def works(self) -> bool:
        """Tell whether notices may still be sent."""
        return self._refusal is None and self._thread.is_alive()

    def check(self) -> None:
        """Raise TelegramRefusedError once Telegram has refused the token or the chat."""
        if self._refusal is not None:
            raise TelegramRefusedError(self._refusal)
        if not self._thread.is_alive():
            raise TelegramRefusedError(
                "expected the sending thread to run, found it dead; its error is on stderr, "
                "start again"
            )

    def stop(self) -> None:
        """Make the thread end; a request under way may outlive this call."""
        self._stopping.set()
        self._mailbox.wake()
        self._thread.join(_STOP_TIMEOUT)

    def _main(self) -> None:
        token = self._chat.token.get_secret_value()
        with quiet_about(token), asyncio.Runner() as runner:
            bot, request = self._bot(token)
            while not self._stopping.is_set() and self._refusal is None:
                notice = self._mailbox.first(_TICK)
                if notice is not None:
                    self._deliver(runner, bot, notice)
            # A bot closes its connections only when it was initialised, which we have no use for.
            runner.run(request.shutdown())

    def _bot(self, token: str) -> tuple[Bot, HTTPXRequest]:
        # The library's own switch: `retry_after` as it will be, and no warning on each use.
        os.environ["PTB_TIMEDELTA"] = "true"
        server = (self._chat.server or _PUBLIC_SERVER).rstrip("/")
        request = HTTPXRequest(
            connection_pool_size=1,
            connect_timeout=_HTTP_TIMEOUT,
            read_timeout=_HTTP_TIMEOUT,
            write_timeout=_HTTP_TIMEOUT,
        )
        return Bot(token, base_url=f"{server}/bot", request=request), request

    def _deliver(self, runner: asyncio.Runner, bot: Bot, notice: Notice) -> None:
        sending = bot.send_message(self._chat.chat_id, notice.text)
        try:
            runner.run(asyncio.wait_for(sending, _SEND_TIMEOUT))
        except RetryAfter as asked:
            self._pause(_seconds(asked.retry_after), "it asks for fewer messages")
        except BadRequest as refused:
            self._on_bad_request(refused, notice)
        except InvalidToken:
            # Not its text: that holds the token.
            self._refuse("found the token refused; correct MTS_TELEGRAM_TOKEN")
        except ChatMigrated as moved:
            self._refuse(f"found it moved; set MTS_TELEGRAM_CHAT_ID to {moved.new_chat_id}")
        except Forbidden as refused:
            self._refuse(f"found it forbidden ({refused.message}); invite the bot into the chat")
        except (TelegramError, TimeoutError) as trouble:
            self._pause(self._backoff.delay(), self._told(trouble))
        else:
            self._delivered(notice)

    def _on_bad_request(self, refused: BadRequest, notice: Notice) -> None:
        if "chat not found" in refused.message.lower():
            self._refuse("found no such chat; correct MTS_TELEGRAM_CHAT_ID")
            return
        # Only this one is unacceptable; those behind it must not wait for ever.
        first_line = notice.text.partition("\n")[0]
        _LOG.error("Telegram refused one notice (%s): %s", self._told(refused), first_line)
        self._mailbox.done(notice)

    def _delivered(self, notice: Notice) -> None:
        self._mailbox.done(notice)
        self._backoff.reset()
        if self._silent:
            _LOG.warning("Telegram takes notices again")
        self._silent = False

    def _pause(self, seconds: float, reason: str) -> None:
        if not self._silent:
            _LOG.warning("Telegram takes no notices: %s; trying again", reason)
        self._silent = True
        self._stopping.wait(seconds)

    def _refuse(self, found: str) -> None:
        chat_id = self._chat.chat_id
        self._refusal = f"expected Telegram to take notices for chat {chat_id}, {found}"
        _LOG.error("%s", self._refusal)

    def _told(self, trouble: Exception) -> str:
        text = str(trouble) or type(trouble).__name__
        return redacted(text, self._chat.token.get_secret_value())


def _seconds(delay: float | timedelta) -> float:
    return delay.total_seconds() if isinstance(delay, timedelta) else float(delay)
