"""`mts1b-operations run`: one dataflow on live streams, alone or as a Bytewax cluster."""

import asyncio
import logging
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from mts1b_operations.cli.connecting import connections_as, logged_in
from mts1b_operations.cli.errors import MendableError, one_clear_line
from mts1b_operations.cli.options import DEFAULT_DATA_DIR, DataDir, SettingsFile
from mts1b_operations.flows.execution import Cluster, execute
from mts1b_operations.flows.house import House
from mts1b_operations.flows.live import FLOWS, live_flow
from mts1b_operations.flows.manifest import recovery_config
from mts1b_operations.local.ports import HOST, free_ports
from mts1b_operations.operators.watch import ShardOptions
from mts1b_operations.settings.connections import Connections
from mts1b_operations.settings.tree import SettingsTree, layered, load_tree
from mts1b_operations.settings.vault import SettingsVault
from mts1b_operations.sources.bootstrap import assert_fsync, check_streams
from mts1b_operations.watchdogs.registry import WATCHDOGS

ROLE = "flows"


def run(
    flow: Annotated[str, typer.Argument(help=f"One of {', '.join(FLOWS)}.")],
    processes: Annotated[int, typer.Option(min=1, help="Processes of the cluster.")] = 1,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    settings: SettingsFile = None,
    oldest_halt: Annotated[
        float, typer.Option(help="Seconds beyond which a halt is an alert; 0: no bound.")
    ] = 300.0,
    console: Annotated[
        bool, typer.Option("--console", help="Also print alerts, actions and halts.")
    ] = False,
    addresses: Annotated[str, typer.Option(hidden=True)] = "",
    process: Annotated[int, typer.Option(hidden=True)] = 0,
) -> None:
    """Run one dataflow on the streams, with recovery, until it is stopped."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    with one_clear_line():
        if flow not in FLOWS:
            raise MendableError(f"expected one of {', '.join(FLOWS)}, found {flow!r}")
        connections = connections_as(ROLE, data_dir)
        house = _house(connections, settings, oldest_halt)
        dataflow = live_flow(flow, connections, house, data_dir, console=console)
        recovery = data_dir / "recovery" / flow
        if not addresses:
            assert_ready(connections)
        if processes > 1:
            recovery_config(dataflow, recovery)
            raise typer.Exit(_cluster(processes))
        cluster = Cluster(tuple(addresses.split(",")), process) if addresses else None
        execute(dataflow, recovery, cluster)


def _house(connections: Connections, settings: Path | None, oldest_halt: float) -> House:
    """Lay the vault's settings over the file's, and both over the defaults."""
    tree = load_tree(settings, WATCHDOGS) if settings else SettingsTree()
    if connections.vault_address:
        vault = SettingsVault(connections.vault_address, connections.vault_token)
        tree = layered(tree, vault.read())
    oldest = timedelta(seconds=oldest_halt) if oldest_halt else None
    return House(tree=tree, options=ShardOptions(oldest_halt=oldest))


def assert_ready(connections: Connections) -> None:
    """Check that the server fsyncs and that the streams are as designed.

    Raises StreamMismatchError or ConnectionLostError saying what is wrong.
    """
    assert_fsync(connections.nats_monitor_url)
    asyncio.run(logged_in(connections, check_streams))


def _cluster(processes: int) -> int:
    """Start this command once for each process; when one ends, end all and give its code."""
    places = ",".join(f"{HOST}:{port}" for port in free_ports(processes))
    arguments = [sys.executable, "-m", "mts1b_operations.cli.main", *sys.argv[1:]]
    children = [
        subprocess.Popen(
            [*arguments, "--processes", "1", "--addresses", places, "--process", str(n)]
        )
        for n in range(processes)
    ]
    signal.signal(signal.SIGTERM, lambda *_: _end(children))
    return _first_to_end(children)


def _end(children: list["subprocess.Popen[bytes]"]) -> None:
    for child in children:
        child.terminate()


def _first_to_end(children: list["subprocess.Popen[bytes]"]) -> int:
    try:
        while all(child.poll() is None for child in children):
            _wait_a_little(children[0])
    finally:
        _end(children)
        codes = [child.wait(timeout=30) for child in children]
    return max(abs(code) for code in codes)


def _wait_a_little(child: "subprocess.Popen[bytes]") -> None:
    try:
        child.wait(timeout=0.2)
    except subprocess.TimeoutExpired:
        return
