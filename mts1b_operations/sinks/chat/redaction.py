"""Keeps a secret out of the logs of libraries that would write it."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

_TALKATIVE = ("httpx", "telegram.Bot", "telegram.request.BaseRequest")
"""Loggers that write the request's URL, of which the bot's token is a part."""


class _Redacting(logging.Filter):
    def __init__(self, secret: str) -> None:
        super().__init__()
        self._secret = secret

    def filter(self, record: logging.LogRecord) -> bool:
        message = record.getMessage()
        if self._secret in message:
            record.msg, record.args = redacted(message, self._secret), None
        return True


def redacted(text: str, secret: str) -> str:
    """Give `text` with `secret` blotted out."""
    return text.replace(secret, "**********")


@contextmanager
def quiet_about(secret: str) -> Iterator[None]:
    """Blot `secret` out of what the HTTP and Telegram libraries log meanwhile, at any level."""
    redacting = _Redacting(secret)
    loggers = [logging.getLogger(name) for name in _TALKATIVE]
    for logger in loggers:
        logger.addFilter(redacting)
    try:
        yield
    finally:
        for logger in loggers:
            logger.removeFilter(redacting)
