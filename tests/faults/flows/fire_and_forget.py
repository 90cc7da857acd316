"""A double of `mts1b-operations run market` whose sink does not wait: the control of fault tests.

Everything else is the product's: source, operators, recovery. Only the promise that an epoch
closes after its output is acknowledged has been taken away.
"""

import asyncio
import threading
from pathlib import Path
from typing import Annotated

import nats
import typer
from bytewax.outputs import FixedPartitionedSink, StatefulSinkPartition
from nats.aio.client import Client

from mts1b_operations.events.envelope import Emission
from mts1b_operations.events.roles import inbox_prefix
from mts1b_operations.flows.execution import execute
from mts1b_operations.flows.house import House
from mts1b_operations.flows.live import WATCHING, watching_flow
from mts1b_operations.settings.connections import connections
from mts1b_operations.settings.tree import load_tree
from mts1b_operations.sources.connection import Credentials


class _Unwaiting(StatefulSinkPartition[Emission, None]):
    def __init__(self, loop: asyncio.AbstractEventLoop, client: Client) -> None:
        self._loop = loop
        self._client = client

    def write_batch(self, values: list[Emission]) -> None:
        for one in values:
            publishing = self._client.publish(one.subject, one.payload(), headers=one.headers())
            asyncio.run_coroutine_threadsafe(publishing, self._loop)

    def snapshot(self) -> None:
        return None


class FireAndForgetSink(FixedPartitionedSink[Emission, None]):
    def __init__(self, login: Credentials) -> None:
        self._login = login

    def list_parts(self) -> list[str]:
        return ["0"]

    def build_part(self, step_id: str, for_part: str, resume_state: None) -> _Unwaiting:
        del step_id, for_part, resume_state
        loop = asyncio.new_event_loop()
        threading.Thread(target=loop.run_forever, daemon=True).start()
        connecting = nats.connect(
            self._login.url,
            user=self._login.user,
            password=self._login.password.get_secret_value(),
            inbox_prefix=inbox_prefix(self._login.user).encode(),
        )
        client = asyncio.run_coroutine_threadsafe(connecting, loop).result(timeout=10)
        return _Unwaiting(loop, client)


def run(
    flow: str,
    data_dir: Annotated[Path, typer.Option()],
    settings: Annotated[Path, typer.Option()],
) -> None:
    where = connections()
    login = Credentials(where.nats_url, where.nats_user, where.nats_password)
    house = House(tree=load_tree(settings))
    dataflow = watching_flow(WATCHING[flow], login, house, FireAndForgetSink(login))
    execute(dataflow, data_dir / "recovery" / flow)


app = typer.Typer()
app.command()(run)
app.callback()(lambda: None)

if __name__ == "__main__":
    app()
