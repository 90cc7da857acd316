"""JSON Schema of every contract: what a publisher must send.

JSON Schema 2020-12, of pydantic's validation mode: a field with a default may be left out. What a
schema accepts, `decode` accepts too, but for what JSON Schema cannot state: that the columns of a
batch are equally long, that a bar's prices lie within its range, that a date exists, that an event
time is near its arrival, that the key is the subject's, and that a whole number is written 1 and
not 1.0.
"""

from collections.abc import Iterable

from pydantic.json_schema import models_json_schema

from mts1b_operations.events.fields import EventModel, JsonSchema
from mts1b_operations.events.subjects import REGISTRY, spec_of

DIALECT = "https://json-schema.org/draft/2020-12/schema"
URN = "urn:mts1b-operations:v1:"
"""What the `$id` of every contract's schema starts with."""


def contracts() -> tuple[type[EventModel], ...]:
    """Give every contract that a subject carries, sorted by name."""
    models = {model for spec in REGISTRY for model in spec.models}
    return tuple(sorted(models, key=lambda model: model.__name__))


def json_schema(model: type[EventModel]) -> JsonSchema:
    """Give the schema of one contract, complete in itself."""
    schema = model.model_json_schema(mode="validation")
    identity = {"$schema": DIALECT, "$id": URN + model.__name__}
    return {**identity, "x-subject": spec_of(model).pattern, **schema}


def definitions(models: Iterable[type[EventModel]], place: str) -> JsonSchema:
    """Give the schemas of `models` and of what they refer to, by name, for a document.

    `place` is the JSON pointer of the object that will hold them, such as `#/components/schemas`.
    """
    _, document = models_json_schema(
        [(model, "validation") for model in models], ref_template=place + "/{model}"
    )
    found: JsonSchema = document["$defs"]
    return found
