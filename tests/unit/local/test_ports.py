import socket
from collections.abc import Iterator

import pytest

from mts1b_operations.local.ports import (
    HOST,
    Ports,
    PortTakenError,
    free_ports,
    http_status,
    is_free,
    require_free,
)

pytestmark = pytest.mark.unit


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.create_server((HOST, 0)) as server:
        yield server.getsockname()[1]


def test_free_ports_are_different_and_below_the_ephemeral_range() -> None:
    ports = free_ports(50)
    assert len(set(ports)) == 50
    assert all(1024 < port < 32_768 for port in ports)


def test_a_port_that_is_listened_on_is_not_free(taken_port: int) -> None:
    assert not is_free(taken_port)


def test_a_taken_port_is_refused_by_name(taken_port: int) -> None:
    with pytest.raises(PortTakenError, match=rf"postgres.*{taken_port}.*another port"):
        require_free(taken_port, "postgres")


def test_a_port_without_listener_has_no_status() -> None:
    [port] = free_ports(1)
    assert http_status(port, "/") is None


def test_a_listener_that_never_answers_has_no_status(taken_port: int) -> None:
    assert http_status(taken_port, "/", timeout=0.05) is None


def test_the_ports_of_a_stack_differ() -> None:
    ports = Ports.free()
    assert len({ports.nats, ports.nats_monitor, ports.postgres, ports.vault}) == 4
