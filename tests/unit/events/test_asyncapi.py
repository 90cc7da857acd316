"""The AsyncAPI document: whole in itself, and the registry's mirror."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from mts1b_operations.events.asyncapi import OWN_ROLES, asyncapi
from mts1b_operations.events.roles import ROLES
from mts1b_operations.events.streams import STREAMS
from mts1b_operations.events.subjects import REGISTRY, SubjectSpec
from tests.unit.events.minimal_examples import EXAMPLES

pytestmark = pytest.mark.unit

DOCUMENT = asyncapi()


def _references(part: object) -> Iterator[str]:
    if isinstance(part, dict):
        if "$ref" in part:
            yield part["$ref"]
        for inner in part.values():
            yield from _references(inner)
    elif isinstance(part, list):
        for inner in part:
            yield from _references(inner)


def _at(pointer: str) -> dict[str, Any]:
    assert pointer.startswith("#/")
    found = DOCUMENT
    for step in pointer[2:].split("/"):
        found = found[step]
    return found


def test_it_has_what_version_3_requires() -> None:
    assert DOCUMENT["asyncapi"] == "3.0.0"
    assert {"title", "version"} <= set(DOCUMENT["info"])
    assert all({"host", "protocol"} <= set(one) for one in DOCUMENT["servers"].values())


def test_it_is_plain_json() -> None:
    assert json.loads(json.dumps(DOCUMENT, allow_nan=False)) == DOCUMENT


def test_every_reference_leads_somewhere() -> None:
    references = set(_references(DOCUMENT))
    assert len(references) > 3 * len(REGISTRY)
    for reference in references:
        _at(reference)


@pytest.mark.parametrize("spec", REGISTRY, ids=lambda spec: spec.name)
def test_a_row_of_the_registry_is_a_channel(spec: SubjectSpec) -> None:
    channel = DOCUMENT["channels"][spec.name]
    key = spec.models[0].key_field
    assert channel["address"].replace(f"{{{key}}}", "*") == spec.pattern
    assert list(channel.get("parameters", {})) == ([key] if spec.keyed else [])
    assert channel["tags"] == [{"name": spec.stream}]


def test_there_are_no_other_channels() -> None:
    assert set(DOCUMENT["channels"]) == {spec.name for spec in REGISTRY}
    tags = {tag["name"] for tag in DOCUMENT["info"]["tags"]}
    assert tags == {stream.name for stream in STREAMS}


def test_an_operation_names_its_channel_and_messages_of_that_channel() -> None:
    for operation in DOCUMENT["operations"].values():
        assert operation["action"] in {"send", "receive"}
        messages = _at(operation["channel"]["$ref"])["messages"]
        place = operation["channel"]["$ref"] + "/messages/"
        named = [message["$ref"].removeprefix(place) for message in operation["messages"]]
        assert named == list(messages)


def test_every_channel_has_an_operation() -> None:
    used = {operation["channel"]["$ref"] for operation in DOCUMENT["operations"].values()}
    assert used == {f"#/channels/{spec.name}" for spec in REGISTRY}


def test_operations_sends_what_its_own_roles_publish() -> None:
    directions = {
        (operation["channel"]["$ref"].removeprefix("#/channels/"), operation["action"])
        for operation in DOCUMENT["operations"].values()
    }
    assert {role.name for role in ROLES} >= OWN_ROLES
    assert ("operations.alert", "send") in directions
    assert ("operations.alert", "receive") not in directions
    assert ("marketdata.trade", "send") not in directions
    assert {("operations.heartbeat", way) for way in ("send", "receive")} <= directions


def _validator(spec: SubjectSpec) -> Draft202012Validator:
    payload = DOCUMENT["components"]["messages"][spec.name]["payload"]
    return Draft202012Validator({**payload, "components": DOCUMENT["components"]})


@pytest.mark.parametrize("spec", REGISTRY, ids=lambda spec: spec.name)
def test_a_payload_is_one_object_or_an_array(spec: SubjectSpec) -> None:
    validator = _validator(spec)
    for model in spec.models:
        example = EXAMPLES[model.__name__]
        assert validator.is_valid(example)
        assert validator.is_valid([example, example])
    assert not validator.is_valid([])
    assert not validator.is_valid([{}])
    assert not validator.is_valid("text")


def test_the_header_schema_is_valid_and_asks_for_cloudevents() -> None:
    headers = DOCUMENT["components"]["schemas"]["CloudEventsHeaders"]
    Draft202012Validator.check_schema(headers)
    assert set(headers["required"]) == {"ce-specversion", "ce-id", "ce-source", "ce-type"}
