"""The embedded stack's passwords: generated once, kept in one private file."""

import json
import secrets
from collections.abc import Iterable
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

from mts1b_operations.local.private_file import write_private

_BYTES = 24


class CredentialsError(RuntimeError):
    """The credentials file cannot be used."""


def _generate() -> SecretStr:
    # Starts with a letter: nats-server would read a value of digits as a number.
    return SecretStr(f"p{secrets.token_urlsafe(_BYTES)}")


class Credentials(BaseModel):
    """One password for each NATS role, PostgreSQL's, and OpenBao's root token once it exists."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    nats: dict[str, SecretStr]
    postgres: SecretStr = Field(default_factory=_generate)
    vault_token: SecretStr | None = None

    @classmethod
    def load_or_create(cls, path: Path, roles: Iterable[str]) -> Self:
        """Read `path`, add passwords for `roles` that have none, and keep what is new in `path`.

        Raises `CredentialsError` when the file is not what this class wrote.
        """
        known = cls._read(path) if path.exists() else cls(nats={})
        passwords = {role: known.nats.get(role) or _generate() for role in roles}
        complete = known.model_copy(update={"nats": known.nats | passwords})
        if complete != known or not path.exists():
            complete.write(path)
        return complete

    @classmethod
    def _read(cls, path: Path) -> Self:
        try:
            return cls.model_validate_json(path.read_bytes())
        except ValidationError as error:
            # Not chained: the cause could quote a password.
            raise CredentialsError(
                f"{path}: expected the passwords of this data directory, found a file with "
                f"{error.error_count()} errors; restore it, or remove the data directory"
            ) from None

    def write(self, path: Path) -> None:
        """Replace `path`, readable by its owner alone."""
        document = {
            "nats": {role: password.get_secret_value() for role, password in self.nats.items()},
            "postgres": self.postgres.get_secret_value(),
            "vault_token": self.vault_token.get_secret_value() if self.vault_token else None,
        }
        write_private(path, json.dumps(document, indent=2) + "\n")
