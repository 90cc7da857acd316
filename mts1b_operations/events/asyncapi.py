"""The registry as an AsyncAPI 3.0 document (asyncapi.com/docs/reference/specification/v3.0.0).

Written from the side of operations: it sends what its own roles publish and receives what others
publish. A channel is a row of the registry.
"""

from collections.abc import Iterator
from inspect import getdoc

from mts1b_operations.events.fields import JsonSchema
from mts1b_operations.events.schemas import contracts, definitions
from mts1b_operations.events.streams import STREAMS, StreamSpec
from mts1b_operations.events.subjects import PREFIX, REGISTRY, SubjectSpec

OWN_ROLES = frozenset({"audit", "flows", "halt", "operator", "prober"})
"""The roles under which operations itself publishes; all others belong to other services."""

_SCHEMAS = "#/components/schemas"
_HEADERS = "CloudEventsHeaders"
_LOGIN = "role"


def asyncapi() -> JsonSchema:
    """Give the whole document."""
    return {
        "asyncapi": "3.0.0",
        "id": "urn:mts1b-operations:v1",
        "info": {
            "title": "mts1b-operations",
            "version": "1.0.0",
            "description": (
                "Watchdogs, halts and a provable audit chain for a multi-strategy trading system "
                f"on NATS. Version 1 is the {PREFIX} of every subject: fields may be added to a "
                "contract, and none is renamed."
            ),
            "tags": [_tag_of(stream) for stream in STREAMS],
        },
        "defaultContentType": "application/json",
        "servers": {"local": _server()},
        "channels": {spec.name: _channel(spec) for spec in REGISTRY},
        "operations": dict(operation for spec in REGISTRY for operation in _operations(spec)),
        "components": {
            "messages": {spec.name: _message(spec) for spec in REGISTRY},
            "schemas": {**definitions(contracts(), _SCHEMAS), _HEADERS: _headers()},
            "securitySchemes": {_LOGIN: {"type": "userPassword", "description": "A user a role."}},
        },
    }


def _tag_of(stream: StreamSpec) -> JsonSchema:
    kept = "persisted asynchronously" if stream.asynchronous else "fsynced before acknowledged"
    return {"name": stream.name, "description": f"A JetStream stream, {kept}."}


def _server() -> JsonSchema:
    return {
        "host": "127.0.0.1:4222",
        "protocol": "nats",
        "description": "NATS with JetStream. Each role may publish its own channels and no other.",
        "security": [{"$ref": f"#/components/securitySchemes/{_LOGIN}"}],
    }


def _channel(spec: SubjectSpec) -> JsonSchema:
    channel = {
        "address": PREFIX + spec.name,
        "description": getdoc(spec.models[0]),
        "messages": {spec.name: {"$ref": f"#/components/messages/{spec.name}"}},
        "tags": [{"name": spec.stream}],
        "x-publishers": list(spec.publishers),
    }
    if not spec.keyed:
        return channel
    key = spec.models[0].key_field
    description = f"The payload's {key}, percent-encoded: BRK.B becomes the one token BRK%2EB."
    keyed = {"address": f"{PREFIX}{spec.name}.{{{key}}}"}
    return {**channel, **keyed, "parameters": {key: {"description": description}}}


def _operations(spec: SubjectSpec) -> Iterator[tuple[str, JsonSchema]]:
    if OWN_ROLES.intersection(spec.publishers):
        yield f"send.{spec.name}", _operation("send", spec)
    if OWN_ROLES.issuperset(spec.publishers):
        return
    yield f"receive.{spec.name}", _operation("receive", spec)


def _operation(action: str, spec: SubjectSpec) -> JsonSchema:
    return {
        "action": action,
        "channel": {"$ref": f"#/channels/{spec.name}"},
        "messages": [{"$ref": f"#/channels/{spec.name}/messages/{spec.name}"}],
        "tags": [{"name": spec.stream}],
    }


def _message(spec: SubjectSpec) -> JsonSchema:
    return {
        "name": PREFIX + spec.name,
        "title": " or ".join(model.__name__ for model in spec.models),
        "contentType": "application/json",
        "headers": {"$ref": f"{_SCHEMAS}/{_HEADERS}"},
        "payload": {
            "oneOf": [
                *_forms(spec),
                {"type": "array", "minItems": 1, "items": {"oneOf": _forms(spec)}},
            ]
        },
    }


def _forms(spec: SubjectSpec) -> list[JsonSchema]:
    return [{"$ref": f"{_SCHEMAS}/{model.__name__}"} for model in spec.models]


def _headers() -> JsonSchema:
    texts = {
        "ce-specversion": "The version of CloudEvents: 1.0.",
        "ce-id": "With ce-source, what makes a repeat of this event recognisable.",
        "ce-source": "Who acts: a service, or a person.",
        "ce-type": f"The subject without its key, such as {PREFIX}marketdata.trade.",
        "ce-time": "When it happened, in RFC 3339.",
        "Nats-Msg-Id": "The same as ce-id: JetStream drops a repeat of it within two minutes.",
    }
    return {
        "type": "object",
        "description": "CloudEvents 1.0 attributes in binary content mode.",
        "properties": {
            name: {"type": "string", "description": text} for name, text in texts.items()
        },
        "required": ["ce-specversion", "ce-id", "ce-source", "ce-type"],
    }
