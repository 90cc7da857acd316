"""Settings in a real vault."""

import hvac
import pytest
from pydantic import SecretStr

from mts1b_operations.local.stack import Endpoints
from mts1b_operations.settings.tree import SettingsTree
from mts1b_operations.settings.vault import MOUNT, SettingsVault, VaultError

pytestmark = pytest.mark.integration

TREE = SettingsTree(
    watchdogs={"vpin": {"bucket_volume": 700_000, "symbols": {"AAPL": {"sigma": 0.27}}}},
    funds={"alpha": {"vpin": {"threshold": 0.35}}, "beta": {"portfolio_vol_dd": {"window": 30}}},
)


@pytest.fixture
def vault(endpoints: Endpoints) -> SettingsVault:
    client = hvac.Client(
        url=endpoints.vault_address, token=endpoints.vault_token.get_secret_value(), timeout=5
    )
    for path in (
        "watchdogs/vpin",
        "funds/alpha/watchdogs/vpin",
        "funds/beta/watchdogs/portfolio_vol_dd",
    ):
        client.secrets.kv.v2.delete_metadata_and_all_versions(path=path, mount_point=MOUNT)
    return SettingsVault(endpoints.vault_address, endpoints.vault_token)


def test_empty_vault_gives_an_empty_tree(vault: SettingsVault) -> None:
    assert vault.read() == SettingsTree()


def test_what_is_written_is_read(vault: SettingsVault) -> None:
    vault.write(TREE)
    assert vault.read() == TREE


def test_second_version_replaces_the_first(vault: SettingsVault) -> None:
    vault.write(TREE)
    vault.write(SettingsTree(watchdogs={"vpin": {"bucket_volume": 5}}))
    assert vault.read().watchdogs == {"vpin": {"bucket_volume": 5}}
    assert vault.read().funds == TREE.funds


def test_wrong_token_is_one_error_without_the_token(endpoints: Endpoints) -> None:
    stranger = SettingsVault(endpoints.vault_address, SecretStr("s.not-a-token"))
    with pytest.raises(VaultError, match="MTS_VAULT_ADDRESS") as refused:
        stranger.read()
    assert "not-a-token" not in str(refused.value)


def test_absent_vault_is_one_error(endpoints: Endpoints) -> None:
    nobody = SettingsVault("http://127.0.0.1:9", endpoints.vault_token)
    with pytest.raises(VaultError, match="MTS_VAULT_ADDRESS"):
        nobody.read()
