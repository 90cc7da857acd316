"""Real servers for tests: a stack for the run, a NATS server or a database for one test."""

import os
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from mts1b_operations.events.roles import ROLES
from mts1b_operations.local.nats import NatsServer
from mts1b_operations.local.ports import free_ports
from mts1b_operations.local.stack import Endpoints
from tests.servers import Servers, fresh_database, serving


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    """Servers for the whole run. Leave no state that another test could meet; never stop them."""
    with serving(os.environ, tmp_path_factory.mktemp("stack")) as servers:
        yield servers


@pytest.fixture(scope="session")
def endpoints(stack: Servers) -> Endpoints:
    """Addresses and credentials of the run's servers."""
    return stack.endpoints


@pytest.fixture
def postgres_dsn(stack: Servers) -> Iterator[str]:
    """An empty database of the test's own."""
    with fresh_database(stack.endpoints.postgres_dsn.get_secret_value()) as dsn:
        yield dsn


@pytest.fixture
def nats_server(tmp_path: Path) -> Iterator[NatsServer]:
    """A NATS server of the test's own, to fill, kill and restart."""
    port, monitor_port = free_ports(2)
    passwords = {role.name: f"p{secrets.token_urlsafe(12)}" for role in ROLES}
    server = NatsServer(tmp_path / "nats", port, monitor_port, passwords)
    server.start()
    yield server
    server.stop()
