import pytest
from pydantic import SecretStr

from mts1b_operations.local.stack import Endpoints

pytestmark = pytest.mark.unit

_ENDPOINTS = Endpoints(
    nats_url="nats://127.0.0.1:1",
    nats_monitor_url="http://127.0.0.1:2",
    nats_passwords={"flows": SecretStr("word1"), "oms": SecretStr("word2")},
    postgres_dsn=SecretStr("postgresql://postgres:word3@127.0.0.1:3/mts"),
    vault_address="http://127.0.0.1:4",
    vault_token=SecretStr("word4"),
)


def test_a_child_gets_the_credentials_of_one_role_only() -> None:
    assert _ENDPOINTS.environment("flows") == {
        "MTS_NATS_URL": "nats://127.0.0.1:1",
        "MTS_NATS_MONITOR_URL": "http://127.0.0.1:2",
        "MTS_NATS_USER": "flows",
        "MTS_NATS_PASSWORD": "word1",
        "MTS_POSTGRES_DSN": "postgresql://postgres:word3@127.0.0.1:3/mts",
        "MTS_VAULT_ADDRESS": "http://127.0.0.1:4",
        "MTS_VAULT_TOKEN": "word4",
    }


def test_an_unknown_role_is_refused_with_the_known_ones() -> None:
    with pytest.raises(KeyError, match=r"flows, oms.*'ghost'"):
        _ENDPOINTS.environment("ghost")


def test_no_repr_shows_a_secret() -> None:
    assert "word" not in repr(_ENDPOINTS).replace("nats_passwords", "")
