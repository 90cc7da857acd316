"""A breach ends at a threshold of its own, on the good side of the one that began it."""

from typing import TypeVar

from pydantic import BaseModel

Settings = TypeVar("Settings", bound=BaseModel)


def clearing_below(settings: Settings, **pairs: str) -> Settings:
    """Give `settings` back if each setting named in `pairs` is at most the one it is paired with.

    None clears at the threshold itself. Raises ValueError naming both numbers: for validators.
    """
    values = dict(settings)
    for clear, threshold in pairs.items():
        if values[clear] is not None and values[clear] > values[threshold]:
            expected, found = values[threshold], values[clear]
            raise ValueError(f"expected {clear} of at most {expected}, found {found}")
    return settings
