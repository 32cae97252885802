"""What every change of a family does, in the transaction of whoever decides it: rows, facts, audit, word."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Protocol
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncConnection

from school.identity.v1.events_pb2 import MessageKind
from services.identity.families.messages import relation_ended, relation_registered
from services.identity.families.rules.relations import (
    OWN_RIGHTS,
    CourtForbids,
    LimitKind,
    MachineReason,
    PupilOfAge,
    Relation,
    RelationBasis,
    RelationExists,
    last_day,
)
from services.identity.families.storage import limits, standing
from services.identity.families.storage.standing import Pupil
from services.identity.people.rules import age_on
from services.identity.schools.storage import school as school_of
from services.identity.telling.usecases import Telling
from services.kit.clock import Clock
from services.kit.database import Transaction
from services.kit.ids import new_id


class RelationOver(Protocol):
    """What else ends with a relation, or with the right to let others in by it."""

    async def __call__(self, tx: Transaction, relation_id: UUID, /) -> None:
        """End it, in the transaction that ends the relation, whose row is locked."""
        ...


class Forbidden(Protocol):
    """What ends when a court forbids somebody a pupil, beside a relation of their own."""

    async def __call__(self, tx: Transaction, person_id: UUID, pupil_id: UUID, /) -> None:
        """End what others have let the person see of the pupil."""
        ...


class OwnRightOver(Protocol):
    """What ends when a pupil who had let others in turns out to be below 18."""

    async def __call__(self, tx: Transaction, pupil_id: UUID, /) -> None:
        """End what the pupil alone has granted."""
        ...


class Relating:
    """Begins, moves and ends relations; whoever calls has locked the pupil (`standing.pupil`).

    Args:
        telling: tells the family.
        zone: whose days count at a school of which the diary has not told.
        clock: what time it is.
        relation_over: what else ends with a relation.
        forbidden: what else ends with a court's limit.
        own_right_over: what else ends when a corrected birth date makes a pupil a child again.
    """

    def __init__(
        self,
        telling: Telling,
        zone: ZoneInfo,
        clock: Clock,
        *,
        relation_over: RelationOver,
        forbidden: Forbidden,
        own_right_over: OwnRightOver,
    ) -> None:
        self._telling = telling
        self._zone = zone
        self._clock = clock
        self._relation_over = relation_over
        self._forbidden = forbidden
        self._own_right_over = own_right_over

    async def today(self, connection: AsyncConnection, school_id: UUID) -> date:
        """The day at a school."""
        known = await school_of(connection, school_id)
        return self._clock.today(known.zone if known else self._zone)

    async def begin(self, tx: Transaction, wish: Relation, pupil: Pupil, *, by: UUID) -> Relation:
        """Let somebody stand for a pupil, until the school's term or the end of childhood.

        Raises:
            CourtForbids: a court does.
            PupilOfAge: the pupil is 18.
            RelationExists: the two are related already.
            BadTerm: the last day is before the first.
        """
        childhood = last_day(None, pupil.birth_date)
        if childhood < wish.valid_from:
            raise PupilOfAge
        forbidden = await limits.limits_of_pair(
            tx.connection, wish.guardian_id, wish.pupil_id, on=wish.valid_from
        )
        if LimitKind.NO_ACCESS in forbidden:
            raise CourtForbids
        before = await standing.relation_of_pair(tx.connection, wish.guardian_id, wish.pupil_id)
        if before is not None:
            if not before.over_on(wish.valid_from):
                raise RelationExists
            await self._end(tx, before, by=by, why=MachineReason.TERM_OVER)
        begun = replace(wish, valid_until=last_day(wish.term, pupil.birth_date))
        await self._insert(tx, begun, by=by)
        tx.audit(
            actor=str(by),
            action="register_relation",
            object_kind="relation",
            object_id=str(begun.id),
            why=None if begun.basis is RelationBasis.SCHOOL else begun.basis.lower(),
            subject=begun.pupil_id,
        )
        await self._tell_family(tx, begun, pupil)
        return begun

    async def move(self, tx: Transaction, relation: Relation, *, by: UUID, why: str) -> Relation:
        """Write down other days or another document of a relation, and tell the other services."""
        moved = replace(relation, version=relation.version + 1)
        await standing.move_relation(tx.connection, moved)
        tx.publish(relation_registered(moved), aggregate=moved.id, version=moved.version)
        _audit(tx, "change_relation", moved, by=by, why=why)
        return moved

    async def end(self, tx: Transaction, relation: Relation, *, by: UUID, why: str) -> None:
        """Take the pupil's diary away from a guardian, with whatever the guardian has granted; tell them."""
        await self._end(tx, relation, by=by, why=why)
        names = await standing.names_of(tx.connection, [relation.pupil_id])
        await self._telling.tell_everywhere(
            tx,
            relation.guardian_id,
            MessageKind.MESSAGE_KIND_GUARDIAN_ENDED,
            {"child": names[relation.pupil_id].given_name},
        )

    async def end_grants(self, tx: Transaction, relation: Relation) -> None:
        """End whatever a guardian has granted who stands for the pupil still, and may grant no more."""
        await standing.lock_relation(tx.connection, relation.id)
        await self._relation_over(tx, relation.id)

    async def forbid(self, tx: Transaction, person_id: UUID, pupil_id: UUID) -> None:
        """End what others of the family have let somebody see whom a court forbids the pupil."""
        await self._forbidden(tx, person_id, pupil_id)

    async def take_up_again(
        self, tx: Transaction, interrupted: Relation, pupil: Pupil, *, first: date, by: UUID
    ) -> None:
        """Let a relation that a court's limit interrupted hold again from a day on, until its own end."""
        until = last_day(interrupted.term, pupil.birth_date)
        if until < first:
            return
        again = replace(interrupted, id=new_id(), valid_from=first, valid_until=until, version=1)
        await self._insert(tx, again, by=by)
        _audit(tx, "register_relation", again, by=by, why=MachineReason.LIMIT_OVER)

    async def birth_date_corrected(self, tx: Transaction, pupil_id: UUID, *, by: UUID) -> None:
        """Compute anew until when anybody stands for the pupil, in the transaction that corrects."""
        pupil = await standing.pupil(tx.connection, pupil_id, lock=True)
        if pupil is None:
            return
        for each in await standing.relations_of_pupil(tx.connection, pupil_id):
            relation = each.relation
            until = last_day(relation.term, pupil.birth_date)
            if until < relation.valid_from:
                await self.end(tx, relation, by=by, why=MachineReason.BIRTH_DATE_CORRECTED)
            elif until != relation.valid_until:
                moved = replace(relation, valid_until=until)
                await self.move(tx, moved, by=by, why=MachineReason.BIRTH_DATE_CORRECTED)
        if last_day(None, pupil.birth_date) >= self._clock.today(self._zone):
            await self._own_right_over(tx, pupil_id)

    async def _end(self, tx: Transaction, relation: Relation, *, by: UUID, why: str) -> None:
        now = self._clock.now()
        await standing.end_relation(tx.connection, relation, by=by, why=why, at=now)
        event = relation_ended(relation, now, version=relation.version + 1)
        tx.publish(event, aggregate=relation.id, version=event.version)
        _audit(tx, "end_relation", relation, by=by, why=why)
        await self._relation_over(tx, relation.id)

    async def _insert(self, tx: Transaction, relation: Relation, *, by: UUID) -> None:
        if not await standing.insert_relation(tx.connection, relation, by=by, at=self._clock.now()):
            raise RelationExists
        tx.publish(relation_registered(relation), aggregate=relation.id, version=relation.version)

    async def _tell_family(self, tx: Transaction, begun: Relation, pupil: Pupil) -> None:
        """Tell the guardian, and whoever may know it, that somebody sees the diary from now on."""
        values = {"child": pupil.name.given_name}
        if begun.basis is not RelationBasis.CREDENTIALS:
            await self._telling.tell_everywhere(
                tx, begun.guardian_id, MessageKind.MESSAGE_KIND_CHILD_LINKED, values
            )
        family = await limits.guardians_who_may_grant(tx.connection, pupil.id, on=begun.valid_from)
        if age_on(pupil.birth_date, begun.valid_from) >= OWN_RIGHTS:
            family.add(pupil.id)
        for person_id in sorted(family - {begun.guardian_id}):
            await self._telling.tell_everywhere(
                tx, person_id, MessageKind.MESSAGE_KIND_GUARDIAN_JOINED, values
            )


def _audit(tx: Transaction, action: str, relation: Relation, *, by: UUID, why: str) -> None:
    tx.audit(
        actor=str(by),
        action=action,
        object_kind="relation",
        object_id=str(relation.id),
        why=why,
        subject=relation.pupil_id,
    )
