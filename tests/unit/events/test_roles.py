"""Who may publish and read what, and above all who may not."""

from collections.abc import Iterable

import pytest

from mts1b_operations.events.roles import ADMIN, ROLES, Role, inbox_prefix
from mts1b_operations.events.subjects import PREFIX, REGISTRY
from mts1b_operations.workers.stream_auditor import NAME as AUDITOR

pytestmark = pytest.mark.unit

SERVICES = [role for role in ROLES if role.name != ADMIN]
STREAM_NAMES = ("MTS_EVENTS", "MTS_HALTS", "MTS_MARKETDATA", "MTS_READINGS")


def _matches(pattern: str, subject: str) -> bool:
    steps, tokens = pattern.split("."), subject.split(".")
    for index, step in enumerate(steps):
        if step == ">":
            return len(tokens) > index
        if index >= len(tokens) or step not in ("*", tokens[index]):
            return False
    return len(steps) == len(tokens)


def _allowed(patterns: Iterable[str], subject: str) -> bool:
    return any(_matches(pattern, subject) for pattern in patterns)


def _may_publish(role: Role, subject: str) -> bool:
    return _allowed(role.publish, subject) and not _allowed(role.forbidden, subject)


def _publishers(subject: str) -> set[str]:
    return {role.name for role in SERVICES if _may_publish(role, subject)}


def test_control_matching_knows_patterns() -> None:
    assert _matches("a.*.c", "a.b.c")
    assert _matches("a.>", "a.b.c")
    assert not _matches("a.*", "a.b.c")
    assert not _matches("a.>", "a")
    assert not _matches("a.b", "a.b.c")


@pytest.mark.parametrize("kind", ["enforced", "enforcement_failed", "signed", "lifted", "refused"])
def test_only_the_halt_worker_says_what_became_of_a_halt(kind: str) -> None:
    assert _publishers(f"{PREFIX}operations.halt.{kind}") == {"halt"}


@pytest.mark.parametrize(
    ("subject", "publishers"),
    [
        ("operations.alert.vpin", {"audit", "flows"}),
        ("operations.action.throttle", {"flows"}),
        ("operations.reading.vpin", {"flows"}),
        ("operations.rejected", {"flows"}),
        ("operations.gap.market", {"audit", "flows"}),
        ("operations.id_conflict.audit", {"audit"}),
        ("operations.halt.requested", {"flows", "halt", "operator"}),
        ("operations.halt.resume_requested", {"operator"}),
        ("operations.command.cancel_all", {"operator"}),
        ("operations.config.alpha", {"operator"}),
        ("operations.silence.m-1", {"operator"}),
        ("oms.halt_ack.oms-1", {"oms"}),
        ("marketdata.trade.AAPL", {"marketdata"}),
        ("registry.fund.alpha", {"registry"}),
        ("unregistered.subject", set()),
        ("operations.halt.unknown", set()),
    ],
)
def test_only_these_may_publish(subject: str, publishers: set[str]) -> None:
    assert _publishers(PREFIX + subject) == publishers


@pytest.mark.parametrize("role", SERVICES, ids=lambda role: role.name)
def test_a_role_publishes_events_only_where_the_registry_says(role: Role) -> None:
    assert {one for one in role.publish if one.startswith("mts.")} == {
        spec.pattern for spec in REGISTRY if role.name in spec.publishers
    }


@pytest.mark.parametrize("role", SERVICES, ids=lambda role: role.name)
def test_what_is_not_an_event_is_a_request_to_jetstream(role: Role) -> None:
    others = [one for one in role.publish if not one.startswith("mts.")]
    assert [one for one in others if not one.startswith(("$JS.API.", "$JS.ACK."))] == []


@pytest.mark.parametrize("role", SERVICES, ids=lambda role: role.name)
@pytest.mark.parametrize("stream", STREAM_NAMES)
def test_no_service_may_change_a_stream(role: Role, stream: str) -> None:
    calls = ["CREATE", "UPDATE", "DELETE", "PURGE", "MSG.DELETE", "SNAPSHOT", "RESTORE"]
    requests = [f"$JS.API.STREAM.{call}.{stream}" for call in calls]
    requests += ["$JS.API.META.LEADER.STEPDOWN", "$JS.API.ACCOUNT.PURGE.A", "$SYS.REQ.SERVER.PING"]
    assert [one for one in requests if _allowed(role.publish, one)] == []


def test_control_the_admin_may_change_a_stream() -> None:
    admin = next(role for role in ROLES if role.name == ADMIN)
    assert _allowed(admin.publish, "$JS.API.STREAM.PURGE.MTS_EVENTS")


@pytest.mark.parametrize("stream", STREAM_NAMES)
def test_only_the_auditor_acknowledges_what_it_reads(stream: str) -> None:
    assert _publishers(f"$JS.ACK.{stream}.{AUDITOR}.1.2.3.4.5") == {"audit"}
    assert _publishers(f"$JS.ACK.{stream}.another.1.2.3.4.5") == set()


@pytest.mark.parametrize("stream", STREAM_NAMES)
def test_no_service_may_delete_a_consumer(stream: str) -> None:
    assert _publishers(f"$JS.API.CONSUMER.DELETE.{stream}.{AUDITOR}") == set()


def test_a_reader_may_consume_its_streams_and_no_other() -> None:
    readers = {
        stream: {
            role.name
            for role in SERVICES
            if _allowed(role.publish, f"$JS.API.CONSUMER.CREATE.{stream}.mts-1.filter")
            and _allowed(role.publish, f"$JS.API.CONSUMER.MSG.NEXT.{stream}.mts-1")
        }
        for stream in STREAM_NAMES
    }
    assert readers["MTS_HALTS"] == {"audit", "flows", "halt", "oms", "operator"}
    assert readers["MTS_EVENTS"] == {"audit", "flows", "halt", "operator"}
    assert readers["MTS_READINGS"] == {"audit", "flows", "operator"}
    assert readers["MTS_MARKETDATA"] == {"audit", "flows"}


@pytest.mark.parametrize("role", SERVICES, ids=lambda role: role.name)
def test_a_role_hears_its_own_inbox_and_nobody_elses(role: Role) -> None:
    heard = {
        other.name for other in ROLES if _allowed(role.subscribe, f"{inbox_prefix(other.name)}.a.b")
    }
    assert heard == {role.name}


@pytest.mark.parametrize("role", SERVICES, ids=lambda role: role.name)
def test_no_service_hears_requests_to_jetstream_or_the_system(role: Role) -> None:
    heard = [pattern for pattern in role.subscribe if not pattern.startswith(("_INBOX_", "mts."))]
    assert heard == []


def test_names_are_unique_and_inboxes_are_single_tokens() -> None:
    names = [role.name for role in ROLES]
    assert len(names) == len(set(names))
    assert all(name.isidentifier() for name in names)


@pytest.mark.parametrize(
    "request_subject",
    [
        f"$JS.API.CONSUMER.CREATE.MTS_EVENTS.{AUDITOR}",
        f"$JS.API.CONSUMER.CREATE.MTS_EVENTS.{AUDITOR}.mts.v1.news.item.*",
        f"$JS.API.CONSUMER.MSG.NEXT.MTS_EVENTS.{AUDITOR}",
        f"$JS.ACK.MTS_EVENTS.{AUDITOR}.1.2.3.4.5",
    ],
)
def test_only_the_auditor_touches_its_consumer(request_subject: str) -> None:
    assert _publishers(request_subject) == {"audit"}


def test_control_a_reader_makes_consumers_of_its_own() -> None:
    assert "flows" in _publishers("$JS.API.CONSUMER.CREATE.MTS_EVENTS.mts-1")
    assert "flows" in _publishers("$JS.API.CONSUMER.MSG.NEXT.MTS_EVENTS.mts-1")
