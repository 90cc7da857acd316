"""Where the servers are and who we are to them, from the environment (`MTS_…`).

Secrets are `SecretStr`: they appear in no log, repr or traceback.
"""

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict


class ConnectionSettingsError(ValueError):
    """A connection setting that is missing or malformed, named by its environment variable."""


class Connections(BaseSettings):
    """Addresses and credentials. `nats_user` is the role (see events/roles.py)."""

    model_config = SettingsConfigDict(env_prefix="MTS_", frozen=True, extra="ignore")

    nats_url: str = Field(default="nats://127.0.0.1:4222", pattern=r"^(nats|tls)://")
    nats_monitor_url: str = Field(default="http://127.0.0.1:8222", pattern=r"^https?://")
    nats_user: str = ""
    nats_password: SecretStr = SecretStr("")
    postgres_dsn: SecretStr = SecretStr("")
    vault_address: str = ""
    vault_token: SecretStr = SecretStr("")
    telegram_token: SecretStr = SecretStr("")
    telegram_chat_id: str = ""
    telegram_base_url: str = ""


def connections() -> Connections:
    """Read the environment. Raises ConnectionSettingsError naming the variable that is wrong."""
    try:
        return Connections()
    except ValidationError as refused:
        first = refused.errors(include_url=False)[0]
        name = "_".join(str(part) for part in first["loc"]).upper()
        raise ConnectionSettingsError(f"MTS_{name}: {first['msg']}; correct the variable") from None
