"""A control: the audit writer that acknowledges before it commits."""

import sys
from unittest.mock import patch

from nats.aio.msg import Msg

from mts1b_operations.workers.audit_writer import main
from mts1b_operations.workers.stream_auditor import StreamAuditor

_write = StreamAuditor._write


async def _acknowledge_then_write(auditor: StreamAuditor, messages: list[Msg]) -> None:
    for message in messages:
        await message.ack()
    await auditor._client.flush()
    await _write(auditor, messages)


if __name__ == "__main__":
    with patch.object(StreamAuditor, "_write", _acknowledge_then_write):
        sys.exit(main())
