import os
import pwd
import signal
import subprocess
from pathlib import Path

import pytest

from mts1b_operations.local.launch import Account, command, unprivileged_account

pytestmark = pytest.mark.unit

_NOBODY = pwd.getpwnam("nobody")
_as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")


def test_an_ordinary_user_runs_servers_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert unprivileged_account(tmp_path) is None


def test_root_hands_over_to_nobody_without_any_right(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert unprivileged_account(Path("/")) == Account(_NOBODY.pw_uid, _NOBODY.pw_gid)


def test_root_grants_the_way_through_a_closed_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    (tmp_path / "closed").mkdir(mode=0o700)
    account = unprivileged_account(Path("/"), tmp_path / "closed")
    assert account == Account(_NOBODY.pw_uid, _NOBODY.pw_gid, reaches_all=True)


def _run(argv: list[str], account: Account | None = None) -> subprocess.CompletedProcess[str]:
    wrapped = command(argv, signal.SIGTERM, account)
    return subprocess.run(wrapped, capture_output=True, text=True, timeout=30, check=False)


def test_the_launcher_becomes_the_server_and_passes_its_exit_code_on() -> None:
    done = _run(["/bin/sh", "-c", 'echo "$0 $1"; exit 7', "two words", "*"])
    assert (done.stdout, done.returncode) == ("two words *\n", 7)


def test_a_server_whose_parent_has_ended_is_not_started() -> None:
    launcher = command(["/bin/echo", "started"], signal.SIGTERM, None)
    wrong_parent = [*launcher[:4], "1", *launcher[5:]]
    done = subprocess.run(wrong_parent, capture_output=True, text=True, timeout=30, check=False)
    assert done.stdout == ""
    assert "it has ended" in done.stderr


@_as_root
def test_root_becomes_nobody() -> None:
    done = _run(["/usr/bin/id", "-u"], Account(_NOBODY.pw_uid, _NOBODY.pw_gid))
    assert int(done.stdout) == _NOBODY.pw_uid


@_as_root
@pytest.mark.parametrize("reaches_all", [True, False])
def test_only_an_account_that_reaches_all_passes_a_closed_folder(
    tmp_path: Path, reaches_all: bool
) -> None:
    (tmp_path / "closed").mkdir(mode=0o700)
    (tmp_path / "closed" / "file").write_text("found")
    account = Account(_NOBODY.pw_uid, _NOBODY.pw_gid, reaches_all)
    done = _run(["/bin/cat", str(tmp_path / "closed" / "file")], account)
    assert (done.stdout == "found") == reaches_all
