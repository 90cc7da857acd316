"""Tells people on Telegram about alerts and halt requests."""

from bytewax.outputs import FixedPartitionedSink, StatefulSinkPartition
from pydantic import SecretStr

from mts1b_operations.events.envelope import Emission
from mts1b_operations.sinks.chat.mailbox import Mailbox
from mts1b_operations.sinks.chat.notices import Notice, notice_of
from mts1b_operations.sinks.chat.sender import Chat, Sender

Unsent = tuple[list[tuple[str, bool]], int]
"""What a snapshot keeps: each unsent notice (text, urgent), and how many were shed."""


class TelegramSink(FixedPartitionedSink[Emission, Unsent]):
    """Sends one message for each alert transition and halt request of `(key, Emission)`.

    One partition, one thread, one order. The flow never waits for Telegram: notices queue, and
    what is unsent when an epoch closes is part of the snapshot, so that a crash loses none. After
    a crash, notices that were sent since that snapshot are sent again.

    At most `limit` notices queue. Then further ones are counted, and the count is sent; critical
    alerts and halts are always kept. `base_url` is the address of another Bot API server than
    the public one, such as `http://127.0.0.1:8081`. At the end of input the sink waits up to
    `patience` seconds for the queue to empty.
    """

    def __init__(
        self,
        token: SecretStr,
        chat_id: str | int,
        base_url: str | None = None,
        limit: int = 1000,
        patience: float = 10.0,
    ) -> None:
        self._chat = Chat(token, str(chat_id), base_url)
        self._limit = limit
        self._patience = patience

    def list_parts(self) -> list[str]:
        """Name the only partition."""
        return ["0"]

    def build_part(
        self, step_id: str, for_part: str, resume_state: Unsent | None
    ) -> "TelegramPartition":
        """Start the thread; it sends first what the snapshot held."""
        del step_id, for_part
        unsent, shed = resume_state or ([], 0)
        mailbox = Mailbox(self._limit, [Notice(*notice) for notice in unsent], shed)
        return TelegramPartition(mailbox, Sender(self._chat, mailbox), self._patience)


class TelegramPartition(StatefulSinkPartition[Emission, Unsent]):
    """The partition: queues without waiting.

    `write_batch` and `snapshot` raise TelegramRefusedError once the bot's token or its chat has
    turned out to be wrong.
    """

    def __init__(self, mailbox: Mailbox, sender: Sender, patience: float) -> None:
        self._mailbox = mailbox
        self._sender = sender
        self._patience = patience
        self._between_epochs = True

    def write_batch(self, values: list[Emission]) -> None:
        """Queue the notices of one batch."""
        self._between_epochs = False
        self._sender.check()
        notices = [notice_of(emission.event) for emission in values]
        self._mailbox.put(notice for notice in notices if notice is not None)

    def snapshot(self) -> Unsent:
        """Keep what Telegram has not confirmed."""
        self._sender.check()
        self._between_epochs = True
        notices, shed = self._mailbox.contents()
        return [(notice.text, notice.urgent) for notice in notices], shed

    def close(self) -> None:
        """Wait a while for the queue to empty, unless an error ends the flow. Raises nothing."""
        if self._between_epochs and self._sender.works:
            self._mailbox.wait_empty(self._patience)
        self._sender.stop()
