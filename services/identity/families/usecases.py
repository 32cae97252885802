"""Telling a guardian their children; registering and ending relations."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol
from uuid import UUID
from zoneinfo import ZoneInfo

from school.identity.v1 import events_pb2, families_pb2
from services.identity.families import storage
from services.identity.families.rules import (
    Child,
    Relation,
    RelationExists,
    RelationKind,
    UnknownRelation,
)
from services.identity.people.rules import NotTheirSchool, Role, UnknownPerson
from services.identity.people.storage import holds_role
from services.kit.caller import Caller
from services.kit.clock import Clock
from services.kit.database import Database, Transaction
from services.kit.idempotency import once
from services.kit.ids import new_id

# Characters of a registrar's reason that the audit keeps.
_LONGEST_REASON = 500


@dataclass(frozen=True, slots=True)
class NewRelation:
    """What a registrar was shown proof of."""

    school_id: UUID
    guardian_id: UUID
    pupil_id: UUID
    kind: RelationKind
    valid_until: date | None


class RelationOver(Protocol):
    """What else ends with a relation."""

    async def __call__(self, tx: Transaction, relation_id: UUID, /) -> None:
        """End it, in the transaction that ends the relation, whose row is locked."""
        ...


class Families:
    """Who stands for whom.

    Args:
        zone: whose days count; a school in another zone sees relations begin and end by this one.
        clock: what time it is.
        relation_over: what else ends with a relation.
    """

    def __init__(
        self, database: Database, zone: ZoneInfo, clock: Clock, *, relation_over: RelationOver
    ) -> None:
        self._database = database
        self._zone = zone
        self._clock = clock
        self._relation_over = relation_over

    async def my_children(self, caller: Caller) -> list[Child]:
        """The pupils whom the caller stands for today, by name."""
        async with self._database.read() as connection:
            children = await storage.children_of(
                connection, caller.person_id, today=self._clock.today(self._zone)
            )
        return sorted(children, key=lambda child: child.name.display.casefold().replace("ё", "е"))

    async def register(self, caller: Caller, new: NewRelation, *, request_id: str) -> Relation:
        """Register that a person stands for a pupil of the caller's school, from today on.

        Raises:
            NotTheirSchool: the caller is no registrar of the school, or the pupil is not registered there.
            UnknownPerson: there is no such guardian.
            RelationExists: the two are related already.
            BadRelation: a person would stand for themselves.
            BadTerm: the last day is before today.
        """
        wish = Relation(
            new_id(),
            new.guardian_id,
            new.pupil_id,
            new.school_id,
            new.kind,
            valid_from=self._clock.today(self._zone),
            valid_until=new.valid_until,
        )

        async def act() -> families_pb2.RegisterRelationResponse:
            await self._register(tx, caller, wish)
            return families_pb2.RegisterRelationResponse(relation=relation_message(wish))

        async with self._database.transaction() as tx:
            await _require_registrar(tx, caller, new.school_id)
            reply = await once(
                tx,
                method="RegisterRelation",
                actor=str(caller.person_id),
                request_id=request_id,
                request=_fingerprint(new),
                reply_type=families_pb2.RegisterRelationResponse,
                act=act,
            )
        said = reply.relation
        return Relation(
            UUID(said.relation_id),
            new.guardian_id,
            new.pupil_id,
            new.school_id,
            new.kind,
            date.fromisoformat(said.valid_from),
            new.valid_until,
        )

    async def end(self, caller: Caller, *, school_id: UUID, relation_id: UUID, reason: str) -> None:
        """End a relation; ending it again succeeds.

        Raises:
            NotTheirSchool: the caller is no registrar of the school, or the relation is another school's.
            UnknownRelation: there is no such relation.
        """
        async with self._database.transaction() as tx:
            await _require_registrar(tx, caller, school_id)
            found = await storage.relation_for_update(tx.connection, relation_id)
            if found is None:
                raise UnknownRelation
            relation, ended_at = found
            if relation.school_id != school_id:
                raise NotTheirSchool
            if ended_at is None:
                await self._end(tx, relation, actor=caller, why=_words(reason))

    async def _register(self, tx: Transaction, caller: Caller, wish: Relation) -> None:
        if not await holds_role(tx.connection, wish.pupil_id, wish.school_id, Role.PUPIL):
            raise NotTheirSchool
        if not await storage.person_exists(tx.connection, wish.guardian_id):
            raise UnknownPerson
        before = await storage.relation_of_pair(tx.connection, wish.guardian_id, wish.pupil_id)
        if before is not None:
            if not before.over_on(wish.valid_from):
                raise RelationExists
            await self._end(tx, before, actor=caller, why="its last day had passed")
        if not await storage.insert_relation(tx.connection, wish, at=self._clock.now()):
            raise RelationExists
        tx.publish(relation_registered(wish), aggregate=wish.id, version=wish.version)
        tx.audit(
            actor=str(caller.person_id),
            action="register_relation",
            object_kind="relation",
            object_id=str(wish.id),
            subject=wish.pupil_id,
        )

    async def _end(self, tx: Transaction, relation: Relation, *, actor: Caller, why: str | None) -> None:
        now = self._clock.now()
        await storage.end_relation(tx.connection, relation, at=now)
        event = _relation_ended(relation, now)
        tx.publish(event, aggregate=relation.id, version=event.version)
        await self._relation_over(tx, relation.id)
        tx.audit(
            actor=str(actor.person_id),
            action="end_relation",
            object_kind="relation",
            object_id=str(relation.id),
            why=why,
            subject=relation.pupil_id,
        )


async def _require_registrar(tx: Transaction, caller: Caller, school_id: UUID) -> None:
    if not await holds_role(tx.connection, caller.person_id, school_id, Role.REGISTRAR):
        raise NotTheirSchool


def _words(reason: str) -> str | None:
    """A registrar's reason on one line, as long as the audit keeps it; None for nothing."""
    printable = "".join(character if character.isprintable() else " " for character in reason)
    return " ".join(printable.split())[:_LONGEST_REASON] or None


def relation_message(relation: Relation) -> families_pb2.Relation:
    """A relation as the contract writes it."""
    return families_pb2.Relation(
        relation_id=str(relation.id),
        guardian_id=str(relation.guardian_id),
        pupil_id=str(relation.pupil_id),
        kind=families_pb2.RelationKind.Value(f"RELATION_KIND_{relation.kind}"),
        valid_from=relation.valid_from.isoformat(),
        valid_until=relation.valid_until.isoformat() if relation.valid_until else "",
    )


def relation_registered(relation: Relation) -> events_pb2.RelationRegistered:
    """The fact that decides who may see a pupil's diary."""
    return events_pb2.RelationRegistered(
        relation_id=str(relation.id),
        guardian_id=str(relation.guardian_id),
        pupil_id=str(relation.pupil_id),
        kind=families_pb2.RelationKind.Value(f"RELATION_KIND_{relation.kind}"),
        valid_from=relation.valid_from.isoformat(),
        valid_until=relation.valid_until.isoformat() if relation.valid_until else "",
        version=relation.version,
    )


def _relation_ended(relation: Relation, at: datetime) -> events_pb2.RelationEnded:
    event = events_pb2.RelationEnded(
        relation_id=str(relation.id),
        guardian_id=str(relation.guardian_id),
        pupil_id=str(relation.pupil_id),
        version=relation.version + 1,
    )
    event.ended_at.FromDatetime(at)
    return event


def _fingerprint(new: NewRelation) -> families_pb2.RegisterRelationRequest:
    return families_pb2.RegisterRelationRequest(
        school_id=str(new.school_id),
        guardian_id=str(new.guardian_id),
        pupil_id=str(new.pupil_id),
        kind=families_pb2.RelationKind.Value(f"RELATION_KIND_{new.kind}"),
        valid_until=new.valid_until.isoformat() if new.valid_until else "",
    )
