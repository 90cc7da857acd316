"""Watchdog settings in Vault (or OpenBao): KV version 2 under the mount `mts`.

`mts/watchdogs/<name>` holds a watchdog's settings for the firm and
`mts/funds/<fund>/watchdogs/<name>` those of one fund over them.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import hvac
import requests
from hvac.exceptions import InvalidPath
from hvac.exceptions import VaultError as HvacError
from pydantic import SecretStr

from mts1b_operations.events.fields import JsonObject
from mts1b_operations.settings.tree import SettingsTree

MOUNT = "mts"
_TIMEOUT_S = 5


class VaultError(RuntimeError):
    """A vault that cannot be reached, or that refuses us."""


class SettingsVault:
    """Reads and writes a `SettingsTree`. Every call waits at most five seconds for an answer.

    Raises VaultError when the vault is down, sealed, or does not know the token.
    """

    def __init__(self, address: str, token: SecretStr) -> None:
        self._address = address
        self._client = hvac.Client(url=address, token=token.get_secret_value(), timeout=_TIMEOUT_S)

    def read(self) -> SettingsTree:
        """Give all settings; an empty vault gives an empty tree."""
        with self._reachable():
            funds = {fund: self._entries(f"funds/{fund}/watchdogs") for fund in self._list("funds")}
            return SettingsTree(watchdogs=self._entries("watchdogs"), funds=funds)

    def write(self, tree: SettingsTree) -> None:
        """Store the tree's entries, each as a new version."""
        with self._reachable():
            for name, settings in tree.watchdogs.items():
                self._store(f"watchdogs/{name}", settings)
            for fund, entries in tree.funds.items():
                for name, settings in entries.items():
                    self._store(f"funds/{fund}/watchdogs/{name}", settings)

    def _entries(self, folder: str) -> dict[str, JsonObject]:
        return {name: self._load(f"{folder}/{name}") for name in self._list(folder)}

    def _list(self, path: str) -> list[str]:
        try:
            answer = self._client.secrets.kv.v2.list_secrets(path=path, mount_point=MOUNT)
        except InvalidPath:
            return []
        return [str(name).rstrip("/") for name in answer["data"]["keys"]]

    def _load(self, path: str) -> JsonObject:
        answer = self._client.secrets.kv.v2.read_secret_version(
            path=path, mount_point=MOUNT, raise_on_deleted_version=True
        )
        return dict(answer["data"]["data"])

    def _store(self, path: str, settings: JsonObject) -> None:
        self._client.secrets.kv.v2.create_or_update_secret(
            path=path, secret=settings, mount_point=MOUNT
        )

    @contextmanager
    def _reachable(self) -> Iterator[None]:
        try:
            yield
        except (HvacError, requests.RequestException) as failure:
            raise VaultError(
                f"expected settings in the vault at {self._address}, found: "
                f"{type(failure).__name__}: {failure}; check MTS_VAULT_ADDRESS and its token"
            ) from failure
