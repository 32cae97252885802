"""Families as the contracts write them, and the facts that are told of them."""

from __future__ import annotations

from datetime import date, datetime

from school.identity.v1 import events_pb2, families_pb2
from services.identity.families.rules.relations import (
    Child,
    CourtLimit,
    Relation,
    RelationBasis,
    RelationKind,
    Standing,
)
from services.identity.people.messages import name_message


def relation_message(relation: Relation) -> families_pb2.Relation:
    """A relation as the contract writes it."""
    return families_pb2.Relation(
        relation_id=str(relation.id),
        guardian_id=str(relation.guardian_id),
        pupil_id=str(relation.pupil_id),
        kind=wire_kind(relation.kind),
        valid_from=relation.valid_from.isoformat(),
        valid_until=day(relation.valid_until),
        term=day(relation.term),
        basis=wire_basis(relation.basis),
        document=relation.document,
    )


def limit_message(limit: CourtLimit) -> families_pb2.CourtLimit:
    """A court's limit as the contract writes it."""
    return families_pb2.CourtLimit(
        limit_id=str(limit.id),
        guardian_id=str(limit.guardian_id),
        pupil_id=str(limit.pupil_id),
        kind=families_pb2.CourtLimitKind.Value(f"COURT_LIMIT_KIND_{limit.kind}"),
        document=limit.document,
        valid_from=limit.valid_from.isoformat(),
        valid_until=day(limit.valid_until),
    )


def guardian_message(standing: Standing) -> families_pb2.Guardian:
    """Somebody who stands for a pupil, as the family reads it: without documents."""
    relation = standing.relation
    return families_pb2.Guardian(
        person_id=str(relation.guardian_id),
        name=name_message(standing.name),
        kind=wire_kind(relation.kind),
        basis=wire_basis(relation.basis),
        valid_from=relation.valid_from.isoformat(),
        valid_until=day(relation.valid_until),
    )


def family_relation(
    standing: Standing, today: date, *, ended_at: datetime | None = None, why: str = ""
) -> families_pb2.FamilyRelation:
    """A relation as the registrar reads it."""
    message = families_pb2.FamilyRelation(
        relation=relation_message(standing.relation),
        guardian_name=name_message(standing.name),
        holds=ended_at is None and standing.relation.holds_on(today),
        ended_why=why,
    )
    if ended_at is not None:
        message.ended_at.FromDatetime(ended_at)
    return message


def child_message(child: Child) -> families_pb2.Child:
    """A child as the contract writes it."""
    return families_pb2.Child(
        person_id=str(child.person_id),
        name=name_message(child.name),
        kind=wire_kind(child.kind),
        label=child.label,
        places=[
            families_pb2.ChildPlace(
                school_id=str(place.school_id), school_title=place.school, class_title=place.class_title
            )
            for place in child.places
        ],
        valid_from=day(child.since),
        valid_until=day(child.until),
    )


def relation_registered(relation: Relation) -> events_pb2.RelationRegistered:
    """The fact that decides who may see a pupil's diary."""
    return events_pb2.RelationRegistered(
        relation_id=str(relation.id),
        guardian_id=str(relation.guardian_id),
        pupil_id=str(relation.pupil_id),
        kind=wire_kind(relation.kind),
        valid_from=relation.valid_from.isoformat(),
        valid_until=day(relation.valid_until),
        version=relation.version,
    )


def relation_ended(relation: Relation, at: datetime, *, version: int) -> events_pb2.RelationEnded:
    """The fact that takes the diary away; ``version``: the relation's since it ended."""
    event = events_pb2.RelationEnded(
        relation_id=str(relation.id),
        guardian_id=str(relation.guardian_id),
        pupil_id=str(relation.pupil_id),
        version=version,
    )
    event.ended_at.FromDatetime(at)
    return event


def wire_kind(kind: RelationKind) -> families_pb2.RelationKind.ValueType:
    """The contract's number for a capacity."""
    return families_pb2.RelationKind.Value(f"RELATION_KIND_{kind}")


def wire_basis(basis: RelationBasis) -> families_pb2.RelationBasis.ValueType:
    """The contract's number for by whose word."""
    return families_pb2.RelationBasis.Value(f"RELATION_BASIS_{basis}")


def day(value: date | None) -> str:
    """YYYY-MM-DD, or nothing."""
    return value.isoformat() if value else ""
