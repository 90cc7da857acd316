"""Which collection (a table, a file) an emission of each kind belongs to. The one place."""

from mts1b_operations.events.contracts.actions import ActionRequest
from mts1b_operations.events.contracts.alerts import Alert, Reading
from mts1b_operations.events.contracts.audit import Gap, Rejected
from mts1b_operations.events.contracts.halts import HaltRequest
from mts1b_operations.events.fields import EventModel

READINGS = "readings"
ALERTS = "alerts"
ACTIONS = "actions"
HALTS = "halts"
REJECTED = "rejected"
GAPS = "gaps"

_COLLECTIONS: dict[type[EventModel], str] = {
    Reading: READINGS,
    Alert: ALERTS,
    ActionRequest: ACTIONS,
    HaltRequest: HALTS,
    Rejected: REJECTED,
    Gap: GAPS,
}

COLLECTIONS = tuple(_COLLECTIONS.values())
"""The names of all collections."""


class UnroutedError(LookupError):
    """An emission of a kind that no collection takes: a mistake in a flow, not in the data."""


def collection_of(event: EventModel) -> str:
    """Name the collection of `event`, such as `readings`. Raises UnroutedError."""
    try:
        return _COLLECTIONS[type(event)]
    except KeyError:
        known = ", ".join(sorted(kind.__name__ for kind in _COLLECTIONS))
        raise UnroutedError(
            f"expected an emission of one of {known}, found {type(event).__name__}; "
            "give it a collection in sinks/routing.py"
        ) from None
