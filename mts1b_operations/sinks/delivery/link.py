"""One NATS connection that sends numbered messages and hands back numbered replies."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import AuthorizationError, MaxPayloadError, NoServersError
from nats.errors import Error as NatsError
from pydantic import SecretStr

from mts1b_operations.events.roles import inbox_prefix
from mts1b_operations.sinks.delivery.outbox import Message
from mts1b_operations.sinks.delivery.replies import Reply, read_reply

_CONNECT_TIMEOUT = 3
_DENIED = re.compile(
    r'permissions violation for (publish|subscription) to "([^"]+)"', re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Login:
    """Where to publish, and as whom: `user` is a role of `events/roles.py`."""

    servers: tuple[str, ...]
    user: str
    password: SecretStr


@dataclass(frozen=True, slots=True)
class Listener:
    """Who hears what comes back: replies by number, and denials by deed and subject."""

    on_reply: Callable[[int, Reply], None]
    on_denied: Callable[[str, str], None]


class Link:
    """An open connection. It does not reconnect: when it is lost, open another one."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self._client = Client()
        self._inbox = ""
        self._trouble: Exception | None = None

    async def open(self, server: str, login: Login) -> None:
        """Connect to `server`, log in and subscribe to the replies.

        Raises OSError, TimeoutError or nats.errors.Error; AuthorizationError for a wrong login.
        """
        try:
            await self._connect(server, login)
        except NoServersError as absent:
            raise ConnectionRefusedError(str(self._trouble)) from absent
        except NatsError as refused:
            # nats-py has a class for this and raises its base class instead (2.16).
            if "authorization violation" in str(refused).lower():
                raise AuthorizationError from refused
            raise
        self._inbox = self._client.new_inbox()
        await self._client.subscribe(f"{self._inbox}.*", cb=self._on_reply)

    async def _connect(self, server: str, login: Login) -> None:
        await self._client.connect(
            server,
            user=login.user,
            password=login.password.get_secret_value(),
            inbox_prefix=inbox_prefix(login.user),
            name="mts1b-operations sink",
            allow_reconnect=False,
            # One more attempt at once, then the courier decides about the next.
            max_reconnect_attempts=1,
            reconnect_time_wait=0,
            connect_timeout=_CONNECT_TIMEOUT,
            ping_interval=_CONNECT_TIMEOUT,
            flush_timeout=_CONNECT_TIMEOUT,
            error_cb=self._on_error,
        )

    @property
    def is_up(self) -> bool:
        """Tell whether the connection still stands, as far as the client knows."""
        return self._client.is_connected

    @property
    def last_error(self) -> str:
        """Give the last thing that went wrong."""
        return str(self._trouble or "the server closed the connection")

    async def send(self, number: int, message: Message) -> None:
        """Publish `message`; its reply will carry `number`. Raises nats.errors.Error."""
        reply = f"{self._inbox}.{number}"
        try:
            await self._client.publish(message.subject, message.payload, reply, message.headers)
        except MaxPayloadError:
            limit, size = self._client.max_payload, len(message.payload)
            reason = f"expected at most {limit} bytes, found {size}; split it or raise max_payload"
            self._listener.on_reply(number, Reply("never", reason))

    async def close(self) -> None:
        """Leave. Messages without a reply stay unanswered."""
        await self._client.close()

    async def _on_reply(self, answer: Msg) -> None:
        number = int(answer.subject.rpartition(".")[2])
        self._listener.on_reply(number, read_reply(answer.data, answer.headers))

    async def _on_error(self, error: Exception) -> None:
        self._trouble = error
        denied = _DENIED.search(str(error))
        if denied is not None:
            self._listener.on_denied(denied[1].lower(), denied[2])
