"""Turns the errors that a person can mend into one clear line and exit code 2."""

from collections.abc import Iterator
from contextlib import contextmanager

import typer

from mts1b_operations.flows.house import UnknownWatchdogError
from mts1b_operations.flows.live import NoTelegramError
from mts1b_operations.flows.manifest import ManifestMismatchError
from mts1b_operations.local.credentials import CredentialsError
from mts1b_operations.local.lock import DirectoryInUseError
from mts1b_operations.local.market.feed import FeedError
from mts1b_operations.local.ports import PortTakenError
from mts1b_operations.local.process import ServerFailedError
from mts1b_operations.settings.connections import ConnectionSettingsError
from mts1b_operations.settings.tree import SettingsError
from mts1b_operations.settings.vault import VaultError
from mts1b_operations.sinks.delivery.outbox import DeliveryError
from mts1b_operations.sources.bootstrap import StreamMismatchError
from mts1b_operations.sources.connection import ConnectionLostError
from mts1b_operations.sources.files import EventFileError


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
    StreamMismatchError,
    UnknownWatchdogError,
    VaultError,
)


@contextmanager
def one_clear_line() -> Iterator[None]:
    """Print a mendable error as one line on stderr and exit with 2."""
    try:
        yield
    except MENDABLE as error:
        line = " ".join(str(error).split())
        typer.echo(f"mts1b-operations: {line}", err=True)
        raise typer.Exit(2) from None
