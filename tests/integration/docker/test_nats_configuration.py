"""The real server reads docker/nats.conf with the passwords of docker/local.env."""

import subprocess
from pathlib import Path

import pytest

from mts1b_operations.local.nats import nats_server_binary

pytestmark = pytest.mark.integration

DOCKER = Path(__file__).parents[3] / "docker"


def _checked(environment: dict[str, str]) -> "subprocess.CompletedProcess[str]":
    argv = [str(nats_server_binary()), "--config", str(DOCKER / "nats.conf"), "-t"]
    return subprocess.run(
        argv, env=environment, capture_output=True, text=True, timeout=10, check=False
    )


def test_the_server_accepts_the_configuration() -> None:
    lines = (DOCKER / "local.env").read_text().splitlines()
    environment = dict(line.split("=", 1) for line in lines if not line.startswith("#"))
    checked = _checked(environment)
    assert checked.returncode == 0, checked.stderr


def test_without_passwords_it_refuses() -> None:
    checked = _checked({})
    assert checked.returncode != 0
    assert "MTS_NATS_PASSWORD_ADMIN" in checked.stderr
