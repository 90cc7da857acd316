"""The compose file, read as Docker would: loopback only, healthy, and nothing lost on restart."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from mts1b_operations.events.roles import ROLES
from mts1b_operations.local.nats import PASSWORD_VARIABLE, authorization

pytestmark = pytest.mark.unit

ROOT = Path(__file__).parents[3]
DOCKER = ROOT / "docker"


def _load(path: Path) -> dict[str, Any]:
    content = yaml.safe_load(path.read_text())
    assert isinstance(content, dict)
    return content


SERVICES: dict[str, Any] = _load(DOCKER / "compose.yaml")["services"]
SERVERS = ("nats", "postgres", "openbao")


def _variables() -> dict[str, str]:
    lines = (DOCKER / "local.env").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if not line.startswith("#"))


def test_the_root_file_includes_the_one_in_docker() -> None:
    assert _load(ROOT / "compose.yaml") == {"include": ["docker/compose.yaml"]}


@pytest.mark.parametrize("name", SERVERS)
def test_ports_are_open_on_this_machine_only(name: str) -> None:
    assert SERVICES[name]["ports"]
    assert all(port.startswith("127.0.0.1:") for port in SERVICES[name]["ports"])


@pytest.mark.parametrize("name", SERVERS)
def test_every_server_says_when_it_is_healthy(name: str) -> None:
    check = SERVICES[name]["healthcheck"]
    assert check["test"][0] == "CMD"
    assert check["timeout"]


def test_the_ports_are_those_that_clients_expect() -> None:
    ports = {port.split(":")[1] for name in SERVERS for port in SERVICES[name]["ports"]}
    assert ports == {"4222", "8222", "5432", "8200"}


def test_data_live_in_volumes_that_are_declared() -> None:
    volumes = _load(DOCKER / "compose.yaml")["volumes"]
    assert "nats:/data" in SERVICES["nats"]["volumes"]
    assert SERVICES["postgres"]["volumes"] == ["postgres:/var/lib/postgresql"]
    assert set(volumes) == {"nats", "postgres"}


def test_every_file_that_is_mounted_is_there() -> None:
    mounts = [one for name in SERVERS for one in SERVICES[name].get("volumes", [])]
    files = [one.split(":")[0] for one in mounts if one.startswith("./")]
    assert files
    assert all((DOCKER / file).is_file() for file in files)


def test_permissions_are_those_of_the_registry() -> None:
    expected = authorization(ROLES, None)
    found = (DOCKER / "authorization.conf").read_text()
    assert found == expected, "docker/authorization.conf is stale: run `make schemas`"


def test_every_role_has_a_password_that_does_not_look_like_a_number() -> None:
    variables = _variables()
    for role in ROLES:
        assert variables[PASSWORD_VARIABLE + role.name.upper()] == f"local-{role.name}"


def test_clients_and_servers_read_the_same_passwords() -> None:
    variables = _variables()
    assert f":{variables['POSTGRES_PASSWORD']}@" in variables["MTS_POSTGRES_DSN"]
    assert variables["MTS_POSTGRES_DSN"].endswith("/" + variables["POSTGRES_DB"])
    assert variables["MTS_VAULT_TOKEN"] == variables["BAO_DEV_ROOT_TOKEN_ID"]


def test_the_image_runs_as_nobody_special_and_from_the_lock() -> None:
    lines = (DOCKER / "Dockerfile").read_text().splitlines()
    assert "USER mts" in lines
    assert all("--locked" in line for line in lines if "uv sync" in line)
