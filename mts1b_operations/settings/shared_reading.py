"""The settings of a watchdog whose readings all funds share: one method, limits by fund.

Two funds must not disagree on how a number is made, only on where it alarms. The firm sets the
method, which may differ by key (symbol), and limits; a fund may set limits of its own.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from pydantic import BaseModel, RootModel

from mts1b_operations.events.fields import JsonObject
from mts1b_operations.settings.tree import SettingsError, SettingsTree, merged, validated

MethodT = TypeVar("MethodT", bound=BaseModel)
LimitsT = TypeVar("LimitsT", bound=BaseModel)


@dataclass(frozen=True)
class SharedSettings(Generic[MethodT, LimitsT]):
    """What holds for one key: its method, the firm's limits, and those of single funds."""

    method: MethodT
    firm: LimitsT
    funds: Mapping[str, LimitsT]

    def limits_of(self, fund_id: str | None) -> LimitsT:
        """Give the limits of a fund, or of the firm for None."""
        return self.firm if fund_id is None else self.funds[fund_id]

    def audiences(self) -> Iterator[tuple[str | None, LimitsT]]:
        """Give everybody who has limits, and the limits: the firm (None) first."""
        yield None, self.firm
        yield from self.funds.items()


class _ByKey(RootModel[dict[str, JsonObject]]):
    """What single keys have of their own."""


@dataclass(frozen=True, slots=True)
class SharedReading(Generic[MethodT, LimitsT]):
    """Reads the entries of the watchdog `name`; single keys have theirs in the firm's `keys`."""

    name: str
    method: type[MethodT]
    limits: type[LimitsT]
    keys: str

    def settle(self, tree: SettingsTree, key: str) -> SharedSettings[MethodT, LimitsT]:
        """Give the settings that hold for `key`. Raises SettingsError for the first bad one."""
        place, method, limits = self._firm(tree)
        own = self._by_key(tree).get(key)
        firm_method = validated(self.method, method, place)
        return SharedSettings(
            method=firm_method if own is None else self._method_of(key, merged(method, own)),
            firm=validated(self.limits, limits, place),
            funds={fund: self._fund(tree, fund, limits) for fund in tree.funds_with(self.name)},
        )

    def check(self, tree: SettingsTree) -> None:
        """Raise SettingsError if a setting of the firm, a key or a fund is bad."""
        for key in ("", *self._by_key(tree)):
            self.settle(tree, key)

    def _firm(self, tree: SettingsTree) -> tuple[str, JsonObject, JsonObject]:
        """Give the place of the firm's entry, and its fields: of the method, and all others."""
        firm = tree.firm(self.name)
        firm.pop(self.keys, None)
        method = {name: value for name, value in firm.items() if name in self.method.model_fields}
        limits = {name: value for name, value in firm.items() if name not in method}
        return f"watchdogs.{self.name}", method, limits

    def _by_key(self, tree: SettingsTree) -> Mapping[str, JsonObject]:
        found = tree.firm(self.name).get(self.keys, {})
        return validated(_ByKey, found, f"watchdogs.{self.name}.{self.keys}").root

    def _method_of(self, key: str, values: JsonObject) -> MethodT:
        return validated(self.method, values, f"watchdogs.{self.name}.{self.keys}.{key}")

    def _fund(self, tree: SettingsTree, fund: str, firm: JsonObject) -> LimitsT:
        place, own = f"funds.{fund}.{self.name}", tree.own(fund, self.name)
        for name in own:
            if name in self.method.model_fields or name == self.keys:
                raise SettingsError(
                    f"{place}.{name}: expected limits only, found a field of the method, "
                    f"which is the firm's; set it under watchdogs.{self.name}"
                )
        return validated(self.limits, merged(firm, own), place)
