"""What a school's registrar does with the families of its pupils."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID

from school.identity.v1 import families_pb2
from services.identity.families.messages import day, wire_kind
from services.identity.families.rules.relations import (
    LONGEST_DOCUMENT,
    BadTerm,
    CourtLimit,
    Relation,
    RelationKind,
    Standing,
    UnknownRelation,
    last_day,
    require_document,
)
from services.identity.families.storage import limits, standing
from services.identity.families.storage.standing import Ended, Pupil
from services.identity.families.usecases.charge import (
    locked_pupil,
    reason_of,
    require_charge,
    require_foreign,
)
from services.identity.families.usecases.relating import Relating
from services.identity.people.rights import require_registrar
from services.identity.people.rules import FullName, NotTheirSchool, UnknownPerson
from services.identity.words import one_line
from services.kit.caller import Caller
from services.kit.clock import Clock
from services.kit.database import Database, Transaction
from services.kit.idempotency import once
from services.kit.ids import new_id
from services.kit.rpc.policy import require_recent

_MOST_ENDED = 50
"""Relations of the past that a registrar is shown."""


@dataclass(frozen=True, slots=True)
class NewRelation:
    """What a registrar was shown proof of."""

    school_id: UUID
    guardian_id: UUID
    pupil_id: UUID
    kind: RelationKind
    valid_until: date | None
    """The last day; None: until the pupil is of age."""
    document: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """What a relation shall be like from now on."""

    valid_until: date | None
    document: str
    reason: str


@dataclass(frozen=True, slots=True)
class Family:
    """A pupil's family as the registrar sees it."""

    pupil: Pupil
    standing: tuple[Standing, ...]
    """Whoever stands for the pupil, did until a last day, or will."""
    limits: tuple[tuple[CourtLimit, FullName], ...]
    ended: tuple[Ended, ...]
    today: date
    """At the school."""
    pupil_left: bool
    """And is nowhere yet: what can be done is to take away."""


class Registering:
    """Relations as the school enters, changes and ends them."""

    def __init__(self, database: Database, relating: Relating, clock: Clock) -> None:
        self._database = database
        self._relating = relating
        self._clock = clock

    async def family(self, caller: Caller, *, school_id: UUID, pupil_id: UUID) -> Family:
        """Who stands for a pupil, what courts forbid, and what was.

        Raises:
            NotTheirSchool: the caller is no registrar of the school, or it has and had no such pupil.
            PupilLeft: another school looks after the family by now.
        """
        async with self._database.read() as connection:
            await require_registrar(connection, caller, school_id)
            pupil = await standing.pupil(connection, pupil_id)
            if pupil is None:
                raise NotTheirSchool
            schooling = await require_charge(connection, school_id, pupil_id, lets_in=False)
            today = await self._relating.today(connection, school_id)
            return Family(
                pupil,
                tuple(await standing.relations_of_pupil(connection, pupil_id)),
                tuple(await limits.limits_of_pupil(connection, pupil_id, on=today)),
                tuple(await standing.ended_of_pupil(connection, pupil_id, most=_MOST_ENDED)),
                today,
                schooling.nowhere,
            )

    async def register(self, caller: Caller, new: NewRelation, *, request_id: str) -> Relation:
        """Register that a person stands for a pupil of the caller's school, from today on.

        Raises:
            NotTheirSchool: the caller is no registrar of the school, or it has and had no such pupil.
            PupilLeft: the pupil has left it.
            UnknownPerson: there is no such guardian.
            OwnFamily: it is the caller's own.
            RelationExists: the two are related already.
            BadRelation: a person would stand for themselves.
            DocumentNeeded: a representative brings none.
            BadTerm: the last day is before today.
            PupilOfAge, CourtForbids: nobody, or not this person, may stand for the pupil.
        """
        document = one_line(new.document, most=LONGEST_DOCUMENT)

        async def act() -> families_pb2.RegisterRelationResponse:
            wish = Relation(
                new_id(),
                new.guardian_id,
                new.pupil_id,
                new.school_id,
                new.kind,
                valid_from=await self._relating.today(tx.connection, new.school_id),
                valid_until=new.valid_until,
                term=new.valid_until,
                document=document,
            )
            require_document(wish.kind, document)
            pupil = await locked_pupil(tx.connection, caller, new.school_id, new.pupil_id, lets_in=True)
            if not await standing.person_exists(tx.connection, new.guardian_id):
                raise UnknownPerson
            await require_foreign(tx.connection, caller, new.guardian_id, new.pupil_id, today=wish.valid_from)
            begun = await self._relating.begin(tx, wish, pupil, by=caller.person_id)
            # Only the id is remembered beside the request: which document was shown belongs in one place.
            reply = families_pb2.Relation(relation_id=str(begun.id))
            return families_pb2.RegisterRelationResponse(relation=reply)

        async with self._database.transaction() as tx:
            await require_registrar(tx.connection, caller, new.school_id)
            reply = await once(
                tx,
                method="RegisterRelation",
                actor=str(caller.person_id),
                request_id=request_id,
                request=_fingerprint(new),
                reply_type=families_pb2.RegisterRelationResponse,
                act=act,
            )
            found = await standing.relation(tx.connection, UUID(reply.relation.relation_id))
        if found is None:
            raise UnknownRelation
        return found[0]

    async def change(self, caller: Caller, *, school_id: UUID, relation_id: UUID, change: Change) -> Relation:
        """Give a relation another term or document; the same again changes nothing.

        Raises:
            NotTheirSchool, OwnFamily: see `register`.
            PupilLeft: the pupil has left the school, and studies elsewhere or would be seen longer.
            UnknownRelation: there is none that holds.
            WhyNeeded: no reason is given.
            DocumentNeeded: a representative's document is taken away.
            BadTerm: the last day has passed: end the relation instead.
            StepUpNeeded: it would hold longer, and the caller has not shown lately who they are.
        """
        document = one_line(change.document, most=LONGEST_DOCUMENT)
        async with self._database.transaction() as tx:
            relation, pupil, today = await self._theirs(tx, caller, school_id, relation_id)
            if relation is None:
                raise UnknownRelation
            require_document(relation.kind, document)
            if change.valid_until is not None and change.valid_until < max(today, relation.valid_from):
                raise BadTerm
            wish = replace(
                relation,
                valid_until=last_day(change.valid_until, pupil.birth_date),
                term=change.valid_until,
                document=document,
            )
            if wish == relation:
                return relation
            if wish.outlasts(relation):
                require_recent(caller, now=self._clock.now())
                await require_charge(tx.connection, school_id, pupil.id, lets_in=True)
            return await self._relating.move(tx, wish, by=caller.person_id, why=reason_of(change.reason))

    async def end(self, caller: Caller, *, school_id: UUID, relation_id: UUID, reason: str) -> None:
        """End a relation; ending it again succeeds.

        Raises:
            NotTheirSchool, OwnFamily: see `register`.
            PupilLeft: another school looks after the family by now.
            UnknownRelation: there is no such relation.
            WhyNeeded: no reason is given.
        """
        why = reason_of(reason)
        async with self._database.transaction() as tx:
            relation, _, _ = await self._theirs(tx, caller, school_id, relation_id)
            if relation is not None:
                await self._relating.end(tx, relation, by=caller.person_id, why=why)

    async def _theirs(
        self, tx: Transaction, caller: Caller, school_id: UUID, relation_id: UUID
    ) -> tuple[Relation | None, Pupil, date]:
        """The relation, None when it was ended, with the pupil and the day at the school.

        Whichever school has registered it: the one that looks after the family now has the say.
        """
        await require_registrar(tx.connection, caller, school_id)
        known = await standing.relation(tx.connection, relation_id)
        if known is None:
            raise UnknownRelation
        pupil = await locked_pupil(tx.connection, caller, school_id, known[0].pupil_id, lets_in=False)
        # Once more, now that nobody else changes the family.
        relation, ended_at = await standing.relation(tx.connection, relation_id) or known
        today = await self._relating.today(tx.connection, school_id)
        await require_foreign(tx.connection, caller, relation.guardian_id, pupil.id, today=today)
        return (relation if ended_at is None else None), pupil, today


def _fingerprint(new: NewRelation) -> families_pb2.RegisterRelationRequest:
    return families_pb2.RegisterRelationRequest(
        school_id=str(new.school_id),
        guardian_id=str(new.guardian_id),
        pupil_id=str(new.pupil_id),
        kind=wire_kind(new.kind),
        valid_until=day(new.valid_until),
        document=new.document,
    )
