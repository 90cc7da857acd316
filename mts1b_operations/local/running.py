"""Finding the embedded stack that is running on a data directory, from another process."""

import json
from pathlib import Path

from pydantic import BaseModel, ConfigDict, SecretStr, ValidationError

from mts1b_operations.local.private_file import write_private
from mts1b_operations.local.process import ServerFailedError
from mts1b_operations.local.stack import Endpoints

_FILE = "endpoints.json"


class _Stored(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    nats_url: str
    nats_monitor_url: str
    nats_passwords: dict[str, SecretStr]
    postgres_dsn: SecretStr
    vault_address: str
    vault_token: SecretStr


def announce(data_dir: Path, endpoints: Endpoints) -> None:
    """Leave word of a running stack in its data directory, readable by its owner alone."""
    document = {
        "nats_url": endpoints.nats_url,
        "nats_monitor_url": endpoints.nats_monitor_url,
        "nats_passwords": {
            role: password.get_secret_value() for role, password in endpoints.nats_passwords.items()
        },
        "postgres_dsn": endpoints.postgres_dsn.get_secret_value(),
        "vault_address": endpoints.vault_address,
        "vault_token": endpoints.vault_token.get_secret_value(),
    }
    write_private(data_dir / _FILE, json.dumps(document, indent=2) + "\n")


def withdraw(data_dir: Path) -> None:
    """Take the word back when the stack stops."""
    (data_dir / _FILE).unlink(missing_ok=True)


def running_stack(data_dir: Path) -> Endpoints:
    """Give the addresses of the stack on `data_dir`. Raises ServerFailedError without one."""
    path = data_dir / _FILE
    try:
        stored = _Stored.model_validate_json(path.read_bytes())
    except (FileNotFoundError, ValidationError):
        raise ServerFailedError(
            f"expected servers named by MTS_NATS_URL, or a stack running on {data_dir}, found "
            "neither; start one with `mts1b-operations up`"
        ) from None
    return Endpoints(**dict(stored))
