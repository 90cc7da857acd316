import asyncio
import http.client
import json
import os
import socket
import stat
import subprocess
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from nats.aio.client import Client

from mts1b_operations.events.roles import ADMIN, ROLES, Role
from mts1b_operations.local.nats import NatsServer, authorization, nats_server_binary
from mts1b_operations.local.ports import HOST, PortTakenError, free_ports, http_status
from mts1b_operations.local.process import ServerProcess
from tests.integration.local.nats_client import barrier, connected

pytestmark = pytest.mark.integration

_LIFTED = "mts.v1.operations.halt.lifted"


def _varz(server: NatsServer) -> Mapping[str, Any]:
    connection = http.client.HTTPConnection(HOST, server.monitor_port, timeout=5)
    connection.request("GET", "/varz")
    document: dict[str, Any] = json.load(connection.getresponse())
    connection.close()
    return document


def _as_role(
    server: NatsServer, role: str, action: Callable[[Client], Awaitable[object]]
) -> object:
    async def run() -> object:
        async with connected(server.url, role, server.passwords[role]) as client:
            return await action(client)

    return asyncio.run(run())


async def _fill(client: Client) -> None:
    stream = client.jetstream()
    await stream.add_stream(name="KEPT", subjects=["kept.>"])
    for number in range(100):
        await stream.publish("kept.number", str(number).encode())


async def _count(client: Client) -> int:
    info = await client.jetstream().stream_info("KEPT")
    return info.state.messages


def test_the_stream_store_is_synced_before_an_acknowledgement(nats_server: NatsServer) -> None:
    assert _varz(nats_server)["jetstream"]["config"]["sync_always"] is True


def test_it_listens_on_loopback_only(nats_server: NatsServer) -> None:
    varz = _varz(nats_server)
    assert (varz["host"], varz["http_host"]) == (HOST, HOST)


def test_a_stream_survives_sigkill(nats_server: NatsServer) -> None:
    _as_role(nats_server, ADMIN, _fill)
    nats_server.kill()
    nats_server.start()
    assert _as_role(nats_server, ADMIN, _count) == 100


async def _publish_then_marker(server: NatsServer, role: str) -> tuple[list[bytes], list[str]]:
    """Publish a lifted halt as `role`, a marker as admin; give what arrived and what failed."""
    errors: list[Exception] = []
    admin_password, password = server.passwords[ADMIN], server.passwords[role]
    async with (
        connected(server.url, ADMIN, admin_password) as admin,
        connected(server.url, role, password, errors) as client,
    ):
        arrived = await admin.subscribe(_LIFTED)
        await barrier(admin)
        await client.publish(_LIFTED, b"forged")
        await barrier(client)
        await admin.publish(_LIFTED, b"marker")
        payloads: list[bytes] = []
        while b"marker" not in payloads:
            payloads.append((await arrived.next_msg(timeout=5)).data)
    return payloads, [str(error) for error in errors]


_OTHERS = [role.name for role in ROLES if role.name not in {ADMIN, "halt"}]


@pytest.mark.parametrize("role", _OTHERS)
def test_a_role_cannot_publish_outside_its_allow_list(nats_server: NatsServer, role: str) -> None:
    payloads, errors = asyncio.run(_publish_then_marker(nats_server, role))
    assert payloads == [b"marker"]
    assert any("permissions violation" in error.lower() for error in errors)


@pytest.mark.parametrize("role", [ADMIN, "halt"])
def test_control_a_role_that_may_publish_it_is_heard(nats_server: NatsServer, role: str) -> None:
    payloads, errors = asyncio.run(_publish_then_marker(nats_server, role))
    assert payloads == [b"forged", b"marker"]
    assert errors == []


@pytest.mark.parametrize("right", [True, False])
def test_only_the_right_password_opens_the_server(nats_server: NatsServer, right: bool) -> None:
    password = nats_server.passwords[ADMIN] if right else "wrong"
    options = json.dumps({"user": ADMIN, "pass": password, "verbose": False, "pedantic": False})
    with socket.create_connection((HOST, nats_server.port), timeout=5) as connection:
        connection.sendall(f"CONNECT {options}\r\nPING\r\n".encode())
        lines = connection.makefile("rb")
        lines.readline()  # INFO
        answer = lines.readline()
        lines.close()
    assert answer == (b"PONG\r\n" if right else b"-ERR 'Authorization Violation'\r\n")


def test_the_configuration_is_readable_by_its_owner_alone(nats_server: NatsServer) -> None:
    path = nats_server.directory / "nats.conf"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_the_log_holds_no_password(nats_server: NatsServer) -> None:
    _as_role(nats_server, ADMIN, _fill)
    log = nats_server.log.read_text()
    assert not [word for word in nats_server.passwords.values() if word in log]


def test_a_taken_port_is_refused_before_anything_starts(
    nats_server: NatsServer, tmp_path: Path
) -> None:
    second = NatsServer(tmp_path / "second", nats_server.port, 1, nats_server.passwords)
    with pytest.raises(PortTakenError, match=str(nats_server.port)):
        second.start()
    assert not second.running


def _accepts(configuration: Path, environment: dict[str, str]) -> bool:
    argv = [str(nats_server_binary()), "-t", "-c", str(configuration)]
    done = subprocess.run(argv, env=environment, capture_output=True, timeout=30, check=False)
    return done.returncode == 0


def test_the_server_takes_passwords_from_the_environment(tmp_path: Path) -> None:
    configuration = tmp_path / "nats.conf"
    configuration.write_text(authorization(ROLES, None))
    words = {f"MTS_NATS_PASSWORD_{role.name.upper()}": "pword" for role in ROLES}
    assert _accepts(configuration, dict(os.environ) | words)
    assert not _accepts(configuration, {"PATH": os.defpath})


async def _hears_the_mute(port: int) -> bool:
    url = f"nats://{HOST}:{port}"
    async with connected(url, ADMIN, "p") as admin, connected(url, "mute", "p") as mute:
        heard = await admin.subscribe("subject")
        await barrier(admin)
        await mute.publish("subject", b"from mute")
        await barrier(mute)
        await admin.publish("subject", b"marker")
        return (await heard.next_msg(timeout=5)).data == b"from mute"


def _server_with(directory: Path, block: str) -> tuple[ServerProcess, int]:
    port, monitor_port = free_ports(2)
    configuration = directory / "nats.conf"
    configuration.write_text(f'listen: "{HOST}:{port}"\nhttp: "{HOST}:{monitor_port}"\n{block}')
    argv = [str(nats_server_binary()), "-c", str(configuration)]
    ready = partial(http_status, monitor_port, "/healthz")
    return ServerProcess("nats-server", argv, directory, lambda: ready() == 200), port


@pytest.mark.parametrize("empty_list", [False, True])
def test_a_role_without_allowed_subjects_is_mute(tmp_path: Path, empty_list: bool) -> None:
    roles = [Role(ADMIN, (">",), (">",)), Role("mute", (), ("_INBOX_mute.>",))]
    block = authorization(roles, {ADMIN: "p", "mute": "p"})
    if empty_list:  # The control: what a plain rendering of no subjects would have allowed.
        block = block.replace('deny: [">"]', "allow: []")
    server, port = _server_with(tmp_path, block)
    server.start()
    try:
        assert asyncio.run(_hears_the_mute(port)) == empty_list
    finally:
        server.stop()
