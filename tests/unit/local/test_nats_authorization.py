import pytest

from mts1b_operations.events.roles import ROLES, Role
from mts1b_operations.local.nats import authorization

pytestmark = pytest.mark.unit

_OMS = Role("oms", ("mts.v1.oms.>",), ("_INBOX_oms.>", "mts.v1.operations.halt.>"))


def test_a_role_becomes_a_user_with_its_allow_lists() -> None:
    block = authorization([_OMS], {"oms": "pword"})
    assert " ".join(block.split()) == (
        'authorization { users: [ { user: "oms" password: "pword" permissions { '
        'publish { allow: [ "mts.v1.oms.>" ] } '
        'subscribe { allow: [ "_INBOX_oms.>" "mts.v1.operations.halt.>" ] } } } ] }'
    )


def test_an_empty_allow_list_denies_everything() -> None:
    block = authorization([Role("mute", (), ("a",))], {"mute": "p"})
    assert 'publish { deny: [">"] }' in block


def test_without_passwords_the_environment_is_referred_to() -> None:
    block = authorization([_OMS], None)
    assert "password: $MTS_NATS_PASSWORD_OMS\n" in block


def test_a_role_without_password_is_refused() -> None:
    with pytest.raises(KeyError, match="oms"):
        authorization([_OMS], {"flows": "p"})


@pytest.mark.parametrize("password", ['a"b', "a\\b", "a\nuser: x"])
def test_a_password_cannot_break_out_of_its_quotes(password: str) -> None:
    [line] = [
        line
        for line in authorization([_OMS], {"oms": password}).splitlines()
        if "password:" in line
    ]
    assert line.count('"') - line.count('\\"') == 2


def test_every_role_of_the_system_is_rendered() -> None:
    block = authorization(ROLES, None)
    assert block.count("user: ") == len(ROLES)
