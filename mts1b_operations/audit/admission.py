"""Decides which facts become entries: each event once, and never a conflict in silence."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from mts1b_operations.audit.chain import AuditFacts
from mts1b_operations.events.canonical import canonical_json
from mts1b_operations.events.subjects import PREFIX, encode_token

ID_CONFLICT = "operations.id_conflict"
"""The action of an entry that records the same id with other bytes."""


@dataclass(slots=True)
class Admission:
    """The facts to write, by identity and in order; how many were known; the conflicts found."""

    facts: dict[bytes, AuditFacts] = field(default_factory=dict)
    known: int = 0
    conflicts: list[bytes] = field(default_factory=list)


def admit(facts: Iterable[AuditFacts], known: Mapping[bytes, bytes]) -> Admission:
    """Drop what is known, and turn the same id with other bytes into a conflict.

    `known` maps identities to contents. A conflict is itself an event with an identity, so that a
    redelivered conflict is not written twice; ask for those identities and admit once more.
    """
    admission = Admission()
    for fact in facts:
        _admit_one(admission, fact, known)
    return admission


def _admit_one(admission: Admission, fact: AuditFacts, known: Mapping[bytes, bytes]) -> None:
    identity = fact.identity()
    earlier = admission.facts.get(identity)
    content = earlier.content if earlier else known.get(identity)
    if content is None:
        admission.facts[identity] = fact
    elif content == fact.content:
        admission.known += 1
    else:
        conflict = conflict_facts(fact, content)
        admission.conflicts.append(conflict.identity())
        _admit_one(admission, conflict, known)


def conflict_facts(fact: AuditFacts, known_content: bytes) -> AuditFacts:
    """Write down that `fact` came under the id of an event with `known_content`; both are kept."""
    key = f".{encode_token(fact.subject_id)}" if fact.subject_id else ""
    facts = {
        "source": fact.source,
        "event_id": fact.event_id,
        "subject": f"{PREFIX}{fact.action}{key}",
        "known_sha256": known_content.hex(),
        "found_sha256": fact.content.hex(),
    }
    return AuditFacts(
        source=ID_CONFLICT,
        event_id=f"{fact.identity().hex()}:{fact.content.hex()}",
        timestamp=fact.timestamp,
        actor=fact.actor,
        action=ID_CONFLICT,
        subject_id=fact.source,
        data=b'{"data":%b,%b' % (fact.data, canonical_json(facts)[1:]),
        content=fact.content,
    )
