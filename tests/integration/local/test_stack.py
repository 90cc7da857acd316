import asyncio
import http.client
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import hvac
import psycopg
import pytest

from mts1b_operations.events.roles import ADMIN
from mts1b_operations.local.launch import command
from mts1b_operations.local.lock import DirectoryInUseError
from mts1b_operations.local.nats import NatsServer
from mts1b_operations.local.openbao import OpenBaoServer
from mts1b_operations.local.ports import Ports, PortTakenError, free_ports, is_free
from mts1b_operations.local.postgres import PostgresServer
from mts1b_operations.local.process import ServerFailedError
from mts1b_operations.local.stack import Endpoints, Stack
from tests.integration.local.nats_client import connected

pytestmark = pytest.mark.integration


@contextmanager
def _vault(endpoints: Endpoints) -> Iterator[hvac.Client]:
    client = hvac.Client(endpoints.vault_address, token=endpoints.vault_token.get_secret_value())
    try:
        yield client
    finally:
        client.adapter.close()


async def _publish(endpoints: Endpoints) -> None:
    password = endpoints.nats_passwords[ADMIN].get_secret_value()
    async with connected(endpoints.nats_url, ADMIN, password) as client:
        stream = client.jetstream()
        await stream.add_stream(name="KEPT", subjects=["kept"])
        await stream.publish("kept", b"in nats")


async def _published(endpoints: Endpoints) -> bytes | None:
    password = endpoints.nats_passwords[ADMIN].get_secret_value()
    async with connected(endpoints.nats_url, ADMIN, password) as client:
        stream = client.jetstream()
        message = await stream.get_last_msg("KEPT", "kept")
        await stream.delete_stream("KEPT")
        return message.data


def _write(endpoints: Endpoints) -> None:
    asyncio.run(_publish(endpoints))
    dsn = endpoints.postgres_dsn.get_secret_value()
    with psycopg.connect(dsn, connect_timeout=5) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 'in postgres' AS word")
    with _vault(endpoints) as vault:
        vault.secrets.kv.v2.create_or_update_secret("kept", {"word": "in vault"}, mount_point="mts")


def _read_and_remove(endpoints: Endpoints) -> tuple[object, object, object]:
    dsn = endpoints.postgres_dsn.get_secret_value()
    with psycopg.connect(dsn, connect_timeout=5) as connection:
        row = connection.execute("SELECT word FROM kept").fetchone()
        connection.execute("DROP TABLE kept")
    with _vault(endpoints) as vault:
        secret = vault.secrets.kv.v2.read_secret_version(
            "kept", mount_point="mts", raise_on_deleted_version=True
        )
        vault.secrets.kv.v2.delete_metadata_and_all_versions("kept", mount_point="mts")
    word = secret["data"]["data"]["word"]
    return asyncio.run(_published(endpoints)), row and row[0], word


_WRITTEN = (b"in nats", "in postgres", "in vault")


def test_the_run_s_servers_serve(endpoints: Endpoints) -> None:
    _write(endpoints)
    assert _read_and_remove(endpoints) == _WRITTEN


def test_transit_signs_with_ed25519(endpoints: Endpoints) -> None:
    with _vault(endpoints) as vault:
        vault.secrets.transit.create_key("test-signing", key_type="ed25519")
        signed = vault.secrets.transit.sign_data("test-signing", hash_input="aGVhZA==")
    assert signed["data"]["signature"].startswith("vault:v1:")


def test_a_test_gets_an_empty_database_of_its_own(postgres_dsn: str) -> None:
    with psycopg.connect(postgres_dsn, connect_timeout=5) as connection:
        tables = connection.execute("SELECT count(*) FROM pg_stat_user_tables").fetchone()
    assert tables == (0,)


def test_commits_are_durable(postgres_dsn: str) -> None:
    with psycopg.connect(postgres_dsn, connect_timeout=5) as connection:
        values = [
            connection.execute(f"SHOW {name}").fetchone()
            for name in ("fsync", "synchronous_commit", "full_page_writes")
        ]
    assert values == [("on",), ("on",), ("on",)]


def test_every_server_keeps_its_data_through_sigkill(tmp_path: Path) -> None:
    with Stack(tmp_path) as stack:
        _write(stack.endpoints)
        for server in (stack.nats, stack.postgres, stack.openbao):
            server.kill()
            server.start()
        assert _read_and_remove(stack.endpoints) == _WRITTEN


def test_a_stopped_stack_starts_again_with_its_data_and_passwords(tmp_path: Path) -> None:
    with Stack(tmp_path) as stack:
        _write(stack.endpoints)
        first = stack.endpoints
    with Stack(tmp_path) as stack:
        assert _read_and_remove(stack.endpoints) == _WRITTEN
        assert stack.endpoints.nats_passwords == first.nats_passwords
        assert stack.endpoints.vault_token == first.vault_token


_OWNER = """
import sys, time
from pathlib import Path
from mts1b_operations.local.stack import Stack
stack = Stack(Path(sys.argv[1]))
stack.start()
print("started", flush=True)
time.sleep(120)
"""


def _owned_and_killed(data_dir: Path) -> None:
    argv = [sys.executable, "-c", _OWNER, str(data_dir)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout is not None
        assert owner.stdout.readline() == "started\n"
        owner.send_signal(signal.SIGKILL)


def test_a_stack_recovers_the_directory_of_a_killed_one(tmp_path: Path) -> None:
    with Stack(tmp_path) as stack:
        _write(stack.endpoints)
    _owned_and_killed(tmp_path)
    with Stack(tmp_path) as stack:
        assert _read_and_remove(stack.endpoints) == _WRITTEN


@contextmanager
def _pid_file_naming_a_live_process(server: PostgresServer) -> Iterator[None]:
    """Leave a pid file as a kill -9 does, whose number another program has by now."""
    server.kill()
    # Of the server's own user: PostgreSQL believes no process that it may not signal.
    sleeper = command(["/bin/sleep", "60"], signal.SIGTERM, server.account)
    pid_file = server.directory / "cluster" / "postmaster.pid"
    with subprocess.Popen(sleeper) as other:
        _, rest = pid_file.read_text().split("\n", 1)
        pid_file.write_text(f"{other.pid}\n{rest}")
        yield
        other.kill()


@pytest.fixture
def postgres_server(tmp_path: Path) -> Iterator[PostgresServer]:
    [port] = free_ports(1)
    server = PostgresServer(tmp_path / "postgres", port, "word")
    server.start()
    yield server
    server.stop()


def test_a_pid_file_that_names_a_live_process_is_recovered_from(
    postgres_server: PostgresServer,
) -> None:
    with _pid_file_naming_a_live_process(postgres_server):
        postgres_server.start()
    assert postgres_server.running


def test_control_postgres_alone_refuses_such_a_pid_file(
    postgres_server: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Path, "unlink", lambda path, missing_ok: None)  # noqa: ARG005
    with (
        _pid_file_naming_a_live_process(postgres_server),
        pytest.raises(ServerFailedError, match=r"postmaster\.pid.*already exists"),
    ):
        postgres_server.start()


def test_an_interrupted_creation_is_begun_again(tmp_path: Path) -> None:
    (tmp_path / "postgres" / "cluster.unfinished").mkdir(parents=True)
    (tmp_path / "postgres" / "cluster.unfinished" / "PG_VERSION").write_text("18\n")
    with Stack(tmp_path) as stack:
        assert stack.postgres.running


def test_a_second_stack_on_the_directory_is_refused(tmp_path: Path) -> None:
    with Stack(tmp_path) as stack:
        with pytest.raises(DirectoryInUseError, match=f"{tmp_path} is in use by process"):
            Stack(tmp_path).start()
        assert stack.nats.running


def test_when_one_server_fails_none_is_left_running(
    tmp_path: Path, nats_server: NatsServer
) -> None:
    taken = replace(Ports.free(), nats=nats_server.port)
    stack = Stack(tmp_path / "stack", taken)
    with pytest.raises(PortTakenError, match=f"port {nats_server.port}"):
        stack.start()
    with pytest.raises(ServerFailedError, match="start it"):
        _ = stack.postgres
    assert all(is_free(port) for port in (taken.postgres, taken.vault))


def test_another_password_than_the_cluster_s_is_named(postgres_server: PostgresServer) -> None:
    postgres_server.stop()
    other = PostgresServer(postgres_server.directory, postgres_server.port, "other")
    with pytest.raises(ServerFailedError, match=r"expected the password.*restore credentials"):
        other.start()
    assert not other.running


def test_a_lost_key_of_the_secret_store_is_named(tmp_path: Path) -> None:
    [port] = free_ports(1)
    server = OpenBaoServer(tmp_path, port)
    server.start()
    server.stop()
    (tmp_path / "keys.json").unlink()
    with pytest.raises(ServerFailedError, match=r"keys\.json, found none; restore"):
        server.start()
    assert not server.running


def test_files_with_secrets_are_private(tmp_path: Path) -> None:
    with Stack(tmp_path) as stack:
        token = stack.endpoints.vault_token.get_secret_value()
        files = [path for path in tmp_path.rglob("*.json") if token in path.read_text()]
    assert {path.name for path in files} == {"credentials.json", "keys.json"}
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}


@pytest.mark.skipif(os.geteuid() != 0, reason="an ordinary user runs PostgreSQL as itself")
def test_root_s_postgres_runs_as_nobody(tmp_path: Path) -> None:
    with Stack(tmp_path) as stack:
        owner = Path(f"/proc/{stack.postgres.pid}").stat().st_uid
    assert owner == 65534


def test_the_monitor_of_the_run_s_nats_says_that_it_syncs(endpoints: Endpoints) -> None:
    address = urlsplit(endpoints.nats_monitor_url)
    connection = http.client.HTTPConnection(str(address.hostname), address.port, timeout=5)
    connection.request("GET", "/jsz")
    text = connection.getresponse().read().decode()
    connection.close()
    assert '"sync_always": true' in text
