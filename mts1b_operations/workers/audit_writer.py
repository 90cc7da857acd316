"""The process that writes the audit chain: `python -m mts1b_operations.workers.audit_writer`.

Every event of MTS_EVENTS and MTS_HALTS becomes an entry. One writer leads, others stand by.
"""

import asyncio
import logging
import sys
from collections.abc import Coroutine
from datetime import UTC, datetime

import nats
import nats.errors
from nats.aio.client import Client

from mts1b_operations.audit.chain import Head
from mts1b_operations.audit.failures import DsnError
from mts1b_operations.audit.migrations import MigrationError
from mts1b_operations.events.contracts.health import Heartbeat
from mts1b_operations.events.envelope import identified
from mts1b_operations.events.fields import rfc3339
from mts1b_operations.events.roles import inbox_prefix
from mts1b_operations.events.streams import EVENTS, HALTS
from mts1b_operations.settings.connections import (
    Connections,
    ConnectionSettingsError,
    connections,
)
from mts1b_operations.workers.scribe import LeadLostError, Scribe
from mts1b_operations.workers.stop import Stop, StoppedError
from mts1b_operations.workers.stream_auditor import NAME, StreamAuditor

_LOG = logging.getLogger(__name__)
_HEARTBEAT_S = 1.0
_REFRESH_S = 3.0
_CONNECT_TIMEOUT_S = 5
_RECONNECT_WAIT_S = 0.2
_CONNECT_POLL_S = 0.05
_PART_S = 3
_MISCONFIGURED = 2


def main() -> int:
    """Run until SIGTERM; give 0, or 2 for settings that cannot work."""
    logging.basicConfig(
        level=logging.INFO, format=f"%(asctime)s {NAME}: %(message)s", stream=sys.stderr
    )
    logging.getLogger("nats").setLevel(logging.CRITICAL)
    try:
        asyncio.run(_run(connections()))
    except (ConnectionSettingsError, DsnError, MigrationError) as failure:
        _LOG.error("%s", failure)
        return _MISCONFIGURED
    return 0


async def _run(settings: Connections) -> None:
    stop = Stop()
    stop.on_signals()
    scribe = Scribe(settings.postgres_dsn, stop)
    try:
        while not stop.requested:
            await _lead(settings, scribe, stop)
    except StoppedError:
        _LOG.info("stopped")
    finally:
        await scribe.close()


async def _lead(settings: Connections, scribe: Scribe, stop: Stop) -> None:
    """Audit from the moment we lead until we stop or another writer has taken over."""
    await scribe.lead()
    _LOG.info("leading, from %d entries on", scribe.head.size)
    client = await _connect(settings, stop)
    try:
        await _all(
            StreamAuditor(client, scribe, stop, HALTS).run(),
            StreamAuditor(client, scribe, stop, EVENTS).run(),
            _beat(client, scribe, stop),
            _stay_awake(scribe, stop),
        )
    except LeadLostError:
        _LOG.warning("another audit writer has taken over")
    finally:
        await _part(client)


async def _all(*works: Coroutine[None, None, None]) -> None:
    """Run together; when one fails, end the others and raise what it raised.

    The others finish the batch that they hold when the failure is a request to stop.
    """
    tasks = [asyncio.create_task(work) for work in works]
    try:
        await asyncio.gather(*tasks)
    except StoppedError:
        await asyncio.gather(*tasks, return_exceptions=True)
        raise
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _connect(settings: Connections, stop: Stop) -> Client:
    """Connect, however long it takes. Raises StoppedError."""
    opening = asyncio.create_task(
        nats.connect(
            settings.nats_url,
            name=NAME,
            user=settings.nats_user,
            password=settings.nats_password.get_secret_value(),
            inbox_prefix=inbox_prefix(settings.nats_user).encode(),
            connect_timeout=_CONNECT_TIMEOUT_S,
            reconnect_time_wait=_RECONNECT_WAIT_S,
            max_reconnect_attempts=-1,
            error_cb=_report_error,
            disconnected_cb=_report_loss,
            reconnected_cb=_report_return,
        )
    )
    try:
        while not opening.done():
            await stop.pause(_CONNECT_POLL_S)
    except StoppedError:
        opening.cancel()
        await asyncio.gather(opening, return_exceptions=True)
        raise
    return opening.result()


async def _part(client: Client) -> None:
    """Close the connection, with the last acknowledgements sent where the server still listens."""
    if client.is_connected:
        try:
            await client.flush(timeout=_PART_S)
        except nats.errors.Error as failure:
            _LOG.warning("NATS: %s; what is unacknowledged comes again", failure)
    await asyncio.wait_for(client.close(), _PART_S)


async def _report_error(failure: Exception) -> None:
    _LOG.warning("NATS: %s", str(failure) or type(failure).__name__)


async def _report_loss() -> None:
    _LOG.warning("NATS: disconnected; reconnecting")


async def _report_return() -> None:
    _LOG.info("NATS: back")


async def _beat(client: Client, scribe: Scribe, stop: Stop) -> None:
    """Say every second that we live, and where the chain ends."""
    while True:
        if client.is_connected:
            try:
                await _publish_heartbeat(client, scribe.head)
            except nats.errors.Error as failure:
                _LOG.warning("NATS: no heartbeat: %s", failure)
        await stop.pause(_HEARTBEAT_S)


async def _publish_heartbeat(client: Client, head: Head) -> None:
    now = datetime.now(UTC)
    heartbeat = Heartbeat(service=NAME, timestamp=now, revision=f"{head.size}:{head.hash}")
    emission = identified(heartbeat, now, NAME, NAME, rfc3339(now))
    await client.publish(emission.subject, emission.payload(), headers=dict(emission.headers()))


async def _stay_awake(scribe: Scribe, stop: Stop) -> None:
    """Use the session before the server takes its silence for a frozen writer."""
    while True:
        await stop.pause(_REFRESH_S)
        await scribe.refresh()


if __name__ == "__main__":
    sys.exit(main())
