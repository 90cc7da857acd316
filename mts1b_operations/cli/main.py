"""The entry point of `mts1b-operations`."""

import typer

from mts1b_operations.cli.commands import audit, schema
from mts1b_operations.cli.commands.backtest import backtest
from mts1b_operations.cli.commands.replay import replay
from mts1b_operations.cli.commands.run import run as run_flow
from mts1b_operations.cli.commands.streams import streams
from mts1b_operations.cli.commands.up import up

app = typer.Typer(
    help="Watchdogs, halts and a provable audit chain for a trading system on NATS.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.command()(up)
app.command(name="run")(run_flow)
app.command()(replay)
app.command()(backtest)
app.command()(streams)
app.add_typer(audit.app, name="audit")
app.add_typer(schema.app, name="schema")


def run() -> None:
    """Run the command line."""
    app()


if __name__ == "__main__":
    run()
