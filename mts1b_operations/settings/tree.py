"""Watchdog settings: for the whole firm, and per fund over it.

The same shape in a file and in the vault:
`{"watchdogs": {"vpin": {...}}, "funds": {"alpha": {"vpin": {...}}}}`.
"""

from collections.abc import Collection
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from mts1b_operations.events.fields import JsonObject

Model = TypeVar("Model", bound=BaseModel)


class SettingsError(ValueError):
    """Settings that cannot be used: one line that names the place, what is wrong, and the cure."""


class SettingsModel(BaseModel):
    """Base of what one watchdog is told: immutable, and unknown names are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class SettingsTree(BaseModel):
    """Settings by watchdog name for the firm, and by fund and watchdog name over them."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    watchdogs: dict[str, JsonObject] = Field(default_factory=dict)
    funds: dict[str, dict[str, JsonObject]] = Field(default_factory=dict)

    def firm(self, name: str) -> JsonObject:
        """Give the firm-wide settings of the watchdog `name`; empty where nothing is set."""
        return dict(self.watchdogs.get(name, {}))

    def fund(self, fund_id: str, name: str) -> JsonObject:
        """Give the settings of the watchdog `name` for one fund: its own over the firm's."""
        return merged(self.firm(name), self.own(fund_id, name))

    def own(self, fund_id: str, name: str) -> JsonObject:
        """Give what one fund sets for the watchdog `name`, without what the firm sets."""
        return dict(self.funds.get(fund_id, {}).get(name, {}))

    def funds_with(self, name: str) -> list[str]:
        """Give the funds, sorted, that have an entry of their own for the watchdog `name`."""
        return sorted(fund for fund, entries in self.funds.items() if name in entries)

    def require_known(self, watchdogs: Collection[str]) -> None:
        """Raise SettingsError if an entry belongs to a watchdog that is not in `watchdogs`."""
        places = [("watchdogs", self.watchdogs)]
        places += [(f"funds.{fund}", entries) for fund, entries in self.funds.items()]
        for place, entries in places:
            for name in entries:
                if name not in watchdogs:
                    raise SettingsError(
                        f"{place}.{name}: expected one of {', '.join(sorted(watchdogs))}; "
                        "correct the watchdog's name"
                    )


def layered(base: SettingsTree, over: SettingsTree) -> SettingsTree:
    """Lay one tree upon another, field by field: what `over` sets holds, the rest is `base`'s."""
    return SettingsTree.model_validate(merged(base.model_dump(), over.model_dump()))


def merged(base: JsonObject, over: JsonObject) -> JsonObject:
    """Lay `over` upon `base`: objects are merged field by field, all else is replaced."""
    result = dict(base)
    for name, value in over.items():
        known = result.get(name)
        if isinstance(known, dict) and isinstance(value, dict):
            result[name] = merged(known, value)
        else:
            result[name] = value
    return result


def validated(model: type[Model], values: object, place: str) -> Model:
    """Read `values`, found at `place`, as `model`. Raises SettingsError naming the bad field."""
    try:
        return model.model_validate(values)
    except ValidationError as refused:
        raise SettingsError(_first_reason(refused, place)) from refused


def load_tree(path: Path, watchdogs: Collection[str] | None = None) -> SettingsTree:
    """Read a settings file.

    With `watchdogs`, entries for any other watchdog are refused. Raises SettingsError, in one
    line that names the file, for a file that cannot be read, is not JSON, or has another shape.
    """
    try:
        tree = SettingsTree.model_validate_json(path.read_bytes())
        if watchdogs is not None:
            tree.require_known(watchdogs)
    except OSError as failure:
        raise SettingsError(
            f"{path}: expected a readable settings file, found: {failure.strerror}"
        ) from failure
    except ValidationError as refused:
        raise SettingsError(f"{path}: {_first_reason(refused, '')}") from refused
    except SettingsError as refused:
        raise SettingsError(f"{path}: {refused}") from refused
    return tree


def _first_reason(refused: ValidationError, place: str) -> str:
    error = refused.errors(include_url=False)[0]
    inner = ".".join(str(part) for part in error["loc"])
    where = ".".join(part for part in (place, inner) if part) or "the document"
    found = repr(error["input"])[:80]
    return f"{where}: {error['msg']}; found {found}; correct this setting"
