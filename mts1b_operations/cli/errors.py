"""Turns the errors that a person can mend into one clear line and exit code 2."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager

import typer
from bytewax.errors import BytewaxRuntimeError

from mts1b_operations.flows.house import UnknownWatchdogError
from mts1b_operations.flows.live import NoTelegramError
from mts1b_operations.flows.manifest import ManifestMismatchError
from mts1b_operations.local.credentials import CredentialsError
from mts1b_operations.local.lock import DirectoryInUseError
from mts1b_operations.local.market.feed import FeedError
from mts1b_operations.local.ports import PortTakenError
from mts1b_operations.local.process import ServerFailedError
from mts1b_operations.operators.watch import ShardSnapshotError
from mts1b_operations.settings.connections import ConnectionSettingsError
from mts1b_operations.settings.tree import SettingsError
from mts1b_operations.settings.vault import VaultError
from mts1b_operations.sinks.delivery.outbox import DeliveryError
from mts1b_operations.sources.bootstrap import StreamMismatchError
from mts1b_operations.sources.connection import ConnectionLostError
from mts1b_operations.sources.files import EventFileError
from mts1b_operations.watchdogs.judging.watch import SnapshotError


class MendableError(ValueError):
    """A command that cannot be carried out as it was given: one line says what to change."""


MENDABLE = (
    MendableError,
    ConnectionLostError,
    ConnectionSettingsError,
    CredentialsError,
    DeliveryError,
    DirectoryInUseError,
    EventFileError,
    FeedError,
    ManifestMismatchError,
    NoTelegramError,
    PortTakenError,
    ServerFailedError,
    SettingsError,
    ShardSnapshotError,
    SnapshotError,
    StreamMismatchError,
    UnknownWatchdogError,
    VaultError,
)


@contextmanager
def one_clear_line() -> Iterator[None]:
    """Print a mendable error as one line on stderr and exit with 2."""
    try:
        yield
    except (*MENDABLE, BytewaxRuntimeError, OSError) as error:
        said = explanation(error)
        if said is None:
            raise
        typer.echo(f"mts1b-operations: {' '.join(said.split())}", err=True)
        raise typer.Exit(2) from None


def explanation(error: BaseException | None) -> str | None:
    """Say what a person has to mend, looking through the engine's error; None: nothing."""
    if isinstance(error, BytewaxRuntimeError):
        return explanation(error.__cause__)
    if isinstance(error, MENDABLE):
        return str(error)
    if isinstance(error, OSError) and (error.filename or error.errno == errno.ENOSPC):
        return f"expected to use a file or folder, found: {error}; mend that and start again"
    return None
