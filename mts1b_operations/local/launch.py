"""How a server is launched: it dies with its parent, and not as root where it refuses root.

This file is also the small program that runs between fork and exec (`python -I -S launch.py …`),
since code in a `preexec_fn` may deadlock in a process with threads. So it imports the standard
library only.
"""

import ctypes
import os
import pwd
import signal
import stat
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

# prctl(2), capabilities(7) and <linux/capability.h>.
_PR_SET_PDEATHSIG = 1
_PR_SET_KEEPCAPS = 8
_PR_CAP_AMBIENT = 47
_PR_CAP_AMBIENT_RAISE = 2
_CAP_DAC_OVERRIDE = 1
_CAPABILITY_VERSION_3 = 0x20080522


@dataclass(frozen=True, slots=True)
class Account:
    """The user that a server runs as. `reaches_all` lets it pass folders closed to that user."""

    uid: int
    gid: int
    reaches_all: bool = False


def unprivileged_account(*paths: Path) -> Account | None:
    """Choose who runs a server that refuses root; None when this process is not root.

    Root hands over to `nobody`, a user that every machine has. Where a folder above one of
    `paths` is closed to others (a clone in /root), the server keeps the one capability to pass
    it: opening root's folders to everybody would be worse. Raises KeyError without `nobody`.
    """
    if os.geteuid() != 0:
        return None
    nobody = pwd.getpwnam("nobody")
    closed = not all(_open_to_others(path) for path in paths)
    return Account(nobody.pw_uid, nobody.pw_gid, reaches_all=closed)


def command(
    argv: Sequence[str], death_signal: signal.Signals, account: Account | None
) -> list[str]:
    """Wrap `argv` so that it gets `death_signal` when the *thread* that starts it ends.

    The thread, not the process: prctl(2), PR_SET_PDEATHSIG. On other systems than Linux a server
    outlives a killed parent; the directory lock then says so at the next start.
    """
    who = "-" if account is None else f"{account.uid}:{account.gid}:{int(account.reaches_all)}"
    launcher = [sys.executable, "-I", "-S", __file__]
    return [*launcher, str(os.getpid()), str(int(death_signal)), who, *argv]


def _open_to_others(path: Path) -> bool:
    resolved = path.resolve()
    return all(folder.stat().st_mode & stat.S_IXOTH for folder in (resolved, *resolved.parents))


def _prctl(*arguments: int) -> None:
    padded = (*arguments, 0, 0, 0, 0)[:5]
    if ctypes.CDLL(None, use_errno=True).prctl(*(ctypes.c_ulong(value) for value in padded)):
        raise OSError(ctypes.get_errno(), f"prctl{padded} failed")


def _keep_dac_override() -> None:
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    mask = 1 << _CAP_DAC_OVERRIDE
    # effective, permitted, inheritable; then the same for capabilities above 31.
    sets = (ctypes.c_uint32 * 6)(mask, mask, mask, 0, 0, 0)
    if ctypes.CDLL(None, use_errno=True).capset(header, sets):
        raise OSError(ctypes.get_errno(), "capset of CAP_DAC_OVERRIDE failed")
    _prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE, _CAP_DAC_OVERRIDE)


def _become(account: Account) -> None:
    keep = account.reaches_all and sys.platform == "linux"
    if keep:
        _prctl(_PR_SET_KEEPCAPS, 1)
    os.setgroups([])
    os.setgid(account.gid)
    os.setuid(account.uid)
    if keep:
        _keep_dac_override()


def _die_with(parent: int, death_signal: int) -> None:
    if sys.platform == "linux":
        _prctl(_PR_SET_PDEATHSIG, death_signal)
    # The parent may have died before the kernel was told.
    if os.getppid() != parent:
        raise SystemExit(f"expected parent process {parent}, found {os.getppid()}: it has ended")


def _parse_account(text: str) -> Account | None:
    if text == "-":
        return None
    uid, gid, reaches_all = (int(part) for part in text.split(":"))
    return Account(uid, gid, bool(reaches_all))


def _main(parent: str, death_signal: str, who: str, *argv: str) -> None:
    account = _parse_account(who)
    if account is not None:
        _become(account)
    # After the change of user, which clears the death signal.
    _die_with(int(parent), int(death_signal))
    os.execv(argv[0], argv)  # noqa: S606


if __name__ == "__main__":
    _main(*sys.argv[1:])
