import json
import stat
from pathlib import Path

import pytest
from pydantic import SecretStr

from mts1b_operations.local.credentials import Credentials, CredentialsError

pytestmark = pytest.mark.unit


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "credentials.json"


def test_what_was_generated_once_is_read_again(path: Path) -> None:
    first = Credentials.load_or_create(path, ["admin", "flows"])
    assert Credentials.load_or_create(path, ["admin", "flows"]) == first
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_every_role_has_a_password_of_its_own(path: Path) -> None:
    nats = Credentials.load_or_create(path, ["admin", "flows", "oms"]).nats
    assert len({password.get_secret_value() for password in nats.values()}) == 3


def test_a_new_role_gets_a_password_and_the_others_keep_theirs(path: Path) -> None:
    first = Credentials.load_or_create(path, ["admin"])
    second = Credentials.load_or_create(path, ["admin", "halt"])
    assert second.nats["admin"] == first.nats["admin"]
    assert second.postgres == first.postgres
    assert Credentials.load_or_create(path, []) == second


def test_the_root_token_is_kept(path: Path) -> None:
    credentials = Credentials.load_or_create(path, ["admin"])
    credentials.model_copy(update={"vault_token": SecretStr("s.root")}).write(path)
    token = Credentials.load_or_create(path, ["admin"]).vault_token
    assert token == SecretStr("s.root")


def test_no_repr_shows_a_password(path: Path) -> None:
    credentials = Credentials.load_or_create(path, ["admin"])
    document = json.loads(path.read_text())
    assert document["nats"]["admin"] not in repr(credentials)
    assert document["postgres"] not in str(credentials)


def test_a_damaged_file_is_refused_without_quoting_it(path: Path) -> None:
    path.write_text('{"nats": {}, "postgres": ["hunter2"]}')
    with pytest.raises(CredentialsError, match=r"credentials\.json.*restore it") as refusal:
        Credentials.load_or_create(path, ["admin"])
    assert "hunter2" not in str(refusal.value)
    assert refusal.value.__cause__ is None


def test_a_damaged_file_is_left_as_it_is(path: Path) -> None:
    path.write_text('{"nats": {')
    with pytest.raises(CredentialsError):
        Credentials.load_or_create(path, ["admin"])
    assert path.read_text() == '{"nats": {'
