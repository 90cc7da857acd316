"""What a person can mend is said in one line, and where that line comes from."""

import errno
import gzip
import json
from collections.abc import Callable
from pathlib import Path

import pytest
import typer
from bytewax.errors import BytewaxRuntimeError
from typer.testing import CliRunner

from mts1b_operations.cli.errors import explanation, one_clear_line
from mts1b_operations.cli.main import app
from mts1b_operations.sources.files import EventFileError
from tests.trades import trade_lines, write_lines

pytestmark = pytest.mark.unit


@pytest.fixture(autouse=True)
def no_servers(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Work in an empty folder, with no server named."""
    monkeypatch.delenv("MTS_NATS_URL", raising=False)
    monkeypatch.delenv("MTS_POSTGRES_DSN", raising=False)
    monkeypatch.chdir(tmp_path)
    write_lines(tmp_path / "trades.jsonl", trade_lines(20))
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder.gz").mkdir()
    (tmp_path / "cut.jsonl.gz").write_bytes(gzip.compress(b"{}\n" * 9_000)[:-9])
    (tmp_path / "text.gz").write_text("no gzip at all")


def line_of(*arguments: str) -> str:
    """Give the one line that a command ends with."""
    done = CliRunner().invoke(app, list(arguments))
    assert done.exit_code == 2, (done.exit_code, done.output, done.exception)
    assert done.stderr.startswith("mts1b-operations: "), done.stderr
    assert done.stderr.count("\n") == 1, done.stderr
    return done.stderr


@pytest.mark.parametrize("command", [("backtest", "--out", "out"), ("replay",)])
@pytest.mark.parametrize(
    ("file", "reason"),
    [
        ("missing.jsonl", "No such file"),
        ("missing.jsonl.gz", "No such file"),
        ("folder", "Is a directory"),
        ("folder.gz", "Is a directory"),
    ],
)
def test_a_file_that_cannot_be_opened(command: tuple[str, ...], file: str, reason: str) -> None:
    line = line_of(*command, "trades.jsonl", file)
    assert f"expected a readable event file, found {file}: " in line
    assert reason in line
    assert not Path("out").exists()


@pytest.mark.parametrize(
    ("file", "reason"), [("cut.jsonl.gz", "end-of-stream"), ("text.gz", "Not a gzipped file")]
)
def test_a_file_that_breaks_off_inside_a_flow(file: str, reason: str) -> None:
    line = line_of("backtest", file, "--out", "out")
    assert f"expected a whole event file, found {file}: " in line
    assert reason in line


def settings_file(document: object) -> str:
    text = document if isinstance(document, str) else json.dumps(document)
    Path("settings.json").write_text(text)
    return "settings.json"


@pytest.mark.parametrize(
    ("document", "place"),
    [
        ("{", "settings.json: the document"),
        ("[]", "settings.json: the document"),
        ({"watchdog": {}}, "settings.json: watchdog"),
        ({"watchdogs": {"vpim": {}}}, "settings.json: watchdogs.vpim"),
        ({"funds": {"alpha": {"vpim": {}}}}, "settings.json: funds.alpha.vpim"),
        ({"watchdogs": {"vpin": {"windoow": 3}}}, "watchdogs.vpin.windoow"),
        ({"watchdogs": {"vpin": {"window": "many"}}}, "watchdogs.vpin.window"),
        ({"funds": {"alpha": {"vpin": {"threshold": 7}}}}, "funds.alpha.vpin.threshold"),
        ({"funds": {"alpha": {"portfolio_vol_dd": {"x": 1}}}}, "funds.alpha.portfolio_vol_dd.x"),
    ],
)
@pytest.mark.parametrize("command", [("backtest", "trades.jsonl", "--out", "out"), ("up",)])
def test_a_bad_setting_is_refused_by_its_place(
    command: tuple[str, ...], document: object, place: str
) -> None:
    line = line_of(*command, "--settings", settings_file(document))
    assert f"mts1b-operations: {place}" in line
    assert not Path("out").exists()
    assert not Path(".mts").exists(), "expected nothing to be started"


def test_a_settings_file_that_is_not_there() -> None:
    arguments = ("backtest", "trades.jsonl", "--out", "out", "--settings", "nowhere.json")
    assert "nowhere.json: expected a readable settings file" in line_of(*arguments)


@pytest.mark.parametrize("names", ["vpim", "vpin,vpim", "vpin,", "vpin,vpin", " "])
def test_watchdogs_that_are_not(names: str) -> None:
    line = line_of("backtest", "trades.jsonl", "--out", "out", "--watchdogs", names)
    assert "expected watchdogs among vpin, portfolio_vol_dd" in line


def test_spaces_between_watchdogs_do_not_matter() -> None:
    names = " portfolio_vol_dd , vpin"
    arguments = ["backtest", "trades.jsonl", "--out", "out", "--watchdogs", names]
    assert CliRunner().invoke(app, arguments).exit_code == 0


def test_results_cannot_go_where_a_file_is() -> None:
    assert "'trades.jsonl'" in line_of("backtest", "trades.jsonl", "--out", "trades.jsonl")


@pytest.mark.parametrize("speed", ["fast", "3", "0x", "-1x", "1.x", "x", ""])
def test_a_speed_that_is_none(speed: str) -> None:
    line = line_of("replay", "trades.jsonl", f"--speed={speed}")
    assert f"--speed: expected max or a multiple such as 1x, found {speed!r}" in line


@pytest.mark.parametrize(
    "arguments",
    [("run", "market"), ("replay", "trades.jsonl"), ("streams",), ("audit", "verify")],
)
def test_no_stack_runs(arguments: tuple[str, ...]) -> None:
    line = line_of(*arguments, "--data-dir", "nowhere")
    assert "a stack running on nowhere, found neither; start one with" in line


def test_a_data_directory_that_is_a_file() -> None:
    assert "trades.jsonl" in line_of("run", "market", "--data-dir", "trades.jsonl")


def test_a_flow_that_is_none() -> None:
    assert "expected one of market, portfolio" in line_of("run", "markets")


def test_a_variable_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MTS_NATS_URL", "http://elsewhere")
    assert "MTS_NATS_URL" in line_of("run", "market")


def test_a_demo_brings_its_own_settings() -> None:
    assert "--settings" in line_of("up", "--demo", "--settings", settings_file({}))


def raising(error: BaseException) -> Callable[[], None]:
    def act() -> None:
        with one_clear_line():
            raise error

    return act


def wrapped(cause: Exception) -> BytewaxRuntimeError:
    outer = BytewaxRuntimeError("error calling `next_batch`")
    outer.__cause__ = cause
    return outer


MENDED = EventFileError("a\nfile")


def test_the_engine_is_looked_through(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit) as ended:
        raising(wrapped(wrapped(MENDED)))()
    assert ended.value.exit_code == 2
    assert capsys.readouterr().err == "mts1b-operations: a file\n"


@pytest.mark.parametrize(
    "error", [KeyError("a mistake of ours"), wrapped(KeyError("the same")), OSError(9, "EBADF")]
)
def test_what_nobody_can_mend_is_not_hidden(error: Exception) -> None:
    with pytest.raises(type(error)) as raised:
        raising(error)()
    assert raised.value is error


def test_a_full_disk_can_be_mended() -> None:
    said = explanation(wrapped(OSError(errno.ENOSPC, "No space left on device")))
    assert said is not None
    assert "No space left on device" in said
