"""What `audit verify` says, for a summary."""

from collections import deque
from dataclasses import dataclass

from pydantic import SecretStr

from mts1b_operations.audit.archive import open_archive
from mts1b_operations.audit.failures import LedgerError


@dataclass(frozen=True, slots=True)
class Verification:
    """The outcome of checking the whole chain."""

    entries: int
    verified: bool
    line: str


def verification(dsn: SecretStr) -> Verification:
    """Check the chain from its beginning."""
    try:
        with open_archive(dsn) as archive:
            last = deque(archive.verify(0), maxlen=1)[0]
    except LedgerError as failure:
        return Verification(0, verified=False, line=f"audit verify: {failure}")
    whole = last.damage is None
    return Verification(last.checked, verified=whole, line=f"audit verify: {last.verdict}")
