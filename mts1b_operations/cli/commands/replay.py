"""`mts1b-operations replay`: publish recorded events to NATS, safe by default."""

import re
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated
from uuid import uuid4

import typer

from mts1b_operations.cli.connecting import connections_as
from mts1b_operations.cli.errors import MendableError, one_clear_line
from mts1b_operations.cli.options import DEFAULT_DATA_DIR, DataDir
from mts1b_operations.cli.views.progress import Counter, counting
from mts1b_operations.events.decode import decode, moments_of
from mts1b_operations.events.envelope import MESSAGE_ID, RawMessage
from mts1b_operations.events.roles import ADMIN
from mts1b_operations.events.subjects import UnknownSubjectError, resolve
from mts1b_operations.local.nats import SERVER_NAME
from mts1b_operations.settings.connections import Connections
from mts1b_operations.sinks.delivery.outbox import Message
from mts1b_operations.sinks.delivery.shipping import Shipping
from mts1b_operations.sources.connection import Credentials
from mts1b_operations.sources.files import (
    EventFileError,
    RecordedEvent,
    open_lines,
    recorded_events,
)
from mts1b_operations.sources.server import server_name

_WORD = "REPLAY"
_SPEED = re.compile(r"max|(\d+(?:\.\d+)?)x")


def replay(
    files: Annotated[list[Path], typer.Argument(help="Event files: JSON lines, .gz allowed.")],
    speed: Annotated[str, typer.Option(help="max, or a multiple of the recorded pace.")] = "max",
    data_dir: DataDir = DEFAULT_DATA_DIR,
    allow_live: Annotated[
        bool, typer.Option("--allow-live", help="Allow a server that is not the embedded one.")
    ] = False,
    confirm: Annotated[str, typer.Option(help=f"{_WORD}, for scripts with --allow-live.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print the outcome as JSON.")] = False,
) -> None:
    """Publish recorded events, in order, and wait until the streams have taken them."""
    with one_clear_line():
        pace = _pace(speed)
        for file in files:
            open_lines(file).close()
        connections = connections_as(ADMIN, data_dir)
        _require_harmless(connections, allow_live, confirm)
        skipped: list[str] = []
        with counting("replay") as counter:
            _publish(_paced(_readable(files, skipped), pace), connections, counter)
    _report(counter, skipped, as_json)


def _pace(speed: str) -> float | None:
    found = _SPEED.fullmatch(speed)
    if not found or (found[1] and float(found[1]) <= 0):
        raise MendableError(f"--speed: expected max or a multiple such as 1x, found {speed!r}")
    return float(found[1]) if found[1] else None


def _require_harmless(connections: Connections, allow_live: bool, confirm: str) -> None:
    """Refuse a server that others may depend on, unless a person has typed the word."""
    name = server_name(Credentials(connections.nats_url, "", connections.nats_password))
    if name == SERVER_NAME:
        return
    if not allow_live:
        raise MendableError(
            f"expected the embedded server, found {name!r} at {connections.nats_url}; recorded "
            f"events would look like live ones there: --allow-live and the word {_WORD} insist"
        )
    typed = confirm or typer.prompt(f"Type {_WORD} to publish recorded events on {name!r}")
    if typed != _WORD:
        raise MendableError(f"expected the word {_WORD}, found {typed!r}; nothing was published")


def _readable(files: Iterable[Path], skipped: list[str]) -> Iterator[RecordedEvent]:
    """Give the events that can be published; what has no subject of ours cannot."""
    for file in files:
        for event in recorded_events(file):
            try:
                if event.fault is None:
                    resolve(event.subject)
                    yield event
                    continue
                reason = event.fault
            except UnknownSubjectError as unknown:
                reason = str(unknown)
            skipped.append(f"{file}:{event.number}: {reason}")


def _paced(events: Iterable[RecordedEvent], pace: float | None) -> Iterator[RecordedEvent]:
    """Hold each event back until its recorded time, divided by the pace, has passed."""
    first: float | None = None
    started = time.monotonic()
    for event in events:
        moment = _moment(event) if pace else None
        if pace and moment is not None:
            first = moment if first is None else first
            time.sleep(max(0.0, (moment - first) / pace - (time.monotonic() - started)))
        yield event


def _moment(event: RecordedEvent) -> float | None:
    message = RawMessage(event.subject, event.payload, event.number, time.time_ns())
    moments = [moment for one in decode(message).events for moment in moments_of(one)]
    return min(moments).timestamp() if moments else None


def _publish(events: Iterable[RecordedEvent], connections: Connections, counter: Counter) -> None:
    run = uuid4().hex
    login = (connections.nats_user, connections.nats_password)
    broken: EventFileError | None = None
    with Shipping([connections.nats_url], *login) as shipping:
        try:
            for done, event in enumerate(events, start=1):
                shipping.put(_message(event, f"{run}-{done}"))
                counter(done)
        except EventFileError as failure:
            # What came before it is on its way, and leaving the block waits for it.
            broken = failure
    if broken is not None:
        raise EventFileError(f"{broken}; {counter.done} events before that are published")


def _message(event: RecordedEvent, message_id: str) -> Message:
    spec = resolve(event.subject).spec
    headers = {
        MESSAGE_ID: message_id,
        "ce-specversion": "1.0",
        "ce-id": message_id,
        "ce-source": "replay",
        "ce-type": f"mts.v1.{spec.name}",
    }
    return Message(event.subject, spec.stream, event.payload, headers)


def _report(counter: Counter, skipped: list[str], as_json: bool) -> None:
    if as_json:
        typer.echo(f'{{"published": {counter.done}, "skipped": {len(skipped)}}}')
    else:
        typer.echo(f"published {counter.done:,} events, {counter.rate:,.0f}/s")
    for line in skipped[:10]:
        typer.echo(f"mts1b-operations: skipped {line}", err=True)
    if skipped:
        typer.echo(f"mts1b-operations: skipped {len(skipped)} lines in all", err=True)
        raise typer.Exit(1)
