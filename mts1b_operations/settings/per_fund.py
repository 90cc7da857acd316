"""The settings of a watchdog that every fund has for itself: the fund's own over the firm's."""

from mts1b_operations.settings.tree import Model, SettingsTree, validated


def fund_settings(model: type[Model], tree: SettingsTree, name: str, fund_id: str) -> Model:
    """Give what holds for one fund under the watchdog `name`. Raises SettingsError."""
    own = fund_id in tree.funds_with(name)
    place = f"funds.{fund_id}.{name}" if own else f"watchdogs.{name}"
    return validated(model, tree.fund(fund_id, name), place)


def check_funds(model: type[Model], tree: SettingsTree, name: str) -> None:
    """Raise SettingsError if a setting of the firm or of any fund is bad."""
    validated(model, tree.firm(name), f"watchdogs.{name}")
    for fund_id in tree.funds_with(name):
        fund_settings(model, tree, name, fund_id)
