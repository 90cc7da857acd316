"""One way, and only one, to write a JSON value as bytes."""

import json
from hashlib import sha256


def canonical_json(value: object) -> bytes:
    """Write `value` with sorted keys, no spaces, in UTF-8.

    Raises ValueError for NaN and infinities and TypeError for what JSON cannot hold: a hash over
    an ambiguous text would prove nothing.
    """
    text = json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )
    return text.encode()


def digest(*parts: object) -> str:
    """Give the SHA-256 of the canonical JSON of `parts`, in hexadecimal (64 digits)."""
    return sha256(canonical_json(list(parts))).hexdigest()
