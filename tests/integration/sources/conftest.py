"""A server with the four streams, for all tests of a file that leave them as they were."""

import secrets
from collections.abc import Iterator

import pytest

from mts1b_operations.events.roles import ROLES
from mts1b_operations.local.nats import NatsServer
from mts1b_operations.local.ports import free_ports
from tests.integration.sources.scene import create_streams


@pytest.fixture(scope="module")
def bootstrapped(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NatsServer]:
    port, monitor_port = free_ports(2)
    passwords = {role.name: f"p{secrets.token_urlsafe(12)}" for role in ROLES}
    server = NatsServer(tmp_path_factory.mktemp("nats"), port, monitor_port, passwords)
    server.start()
    create_streams(server)
    yield server
    server.stop()
