"""A control: the audit writer without the step that drops known events."""

import secrets
import sys
from collections.abc import Iterable
from unittest.mock import patch

from mts1b_operations.audit import ledger
from mts1b_operations.audit.admission import Admission
from mts1b_operations.audit.chain import AuditFacts
from mts1b_operations.workers.audit_writer import main


def _admit_everything(facts: Iterable[AuditFacts], _: object) -> Admission:
    return Admission({secrets.token_bytes(32): fact for fact in facts})


if __name__ == "__main__":
    with patch.object(ledger, "admit", _admit_everything):
        sys.exit(main())
