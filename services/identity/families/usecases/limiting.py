"""What a registrar does with what a court has forbidden.

A limit holds for two persons, whatever relation they have or will have. NO_ACCESS ends the relation at once;
when the limit has a last day, the relation is registered anew in the same transaction, from the day after on:
its end comes by itself, and no clock can miss it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID

from services.identity.families.rules.relations import (
    LONGEST_DOCUMENT,
    BadRelation,
    CourtLimit,
    DocumentNeeded,
    LimitExists,
    LimitKind,
    MachineReason,
    Relation,
    UnknownLimit,
)
from services.identity.families.storage import limits, standing
from services.identity.families.storage.standing import Pupil
from services.identity.families.usecases.charge import (
    locked_pupil,
    reason_of,
    require_foreign,
)
from services.identity.families.usecases.relating import Relating
from services.identity.people.rights import require_registrar
from services.identity.people.rules import UnknownPerson
from services.identity.words import one_line
from services.kit.caller import Caller
from services.kit.clock import Clock
from services.kit.database import Database, Transaction
from services.kit.ids import new_id


@dataclass(frozen=True, slots=True)
class NewLimit:
    """What a court has decided."""

    school_id: UUID
    guardian_id: UUID
    pupil_id: UUID
    kind: LimitKind
    document: str
    valid_from: date
    valid_until: date | None


class Limiting:
    """Court limits, as the school enters and lifts them."""

    def __init__(self, database: Database, relating: Relating, clock: Clock) -> None:
        self._database = database
        self._relating = relating
        self._clock = clock

    async def place(self, caller: Caller, new: NewLimit) -> CourtLimit:
        """Enter what a court forbids somebody concerning a pupil; in force at once, and once.

        Raises:
            NotTheirSchool: the caller is no registrar of the school, or it has and had no such pupil.
            PupilLeft: another school looks after the family by now.
            UnknownPerson: there is no such person.
            OwnFamily: it is the caller's own.
            BadRelation: the person would be limited concerning themselves.
            DocumentNeeded: the decision is not named.
            BadTerm: the decision is not in force yet, or no more.
            LimitExists: the same is forbidden already: lift it before.
        """
        document = one_line(new.document, most=LONGEST_DOCUMENT)
        if not document:
            raise DocumentNeeded
        if new.guardian_id == new.pupil_id:
            raise BadRelation
        async with self._database.transaction() as tx:
            pupil = await locked_pupil(tx.connection, caller, new.school_id, new.pupil_id, lets_in=False)
            if not await standing.person_exists(tx.connection, new.guardian_id):
                raise UnknownPerson
            today = await self._relating.today(tx.connection, new.school_id)
            await require_foreign(tx.connection, caller, new.guardian_id, new.pupil_id, today=today)
            limit = CourtLimit(
                new_id(),
                new.guardian_id,
                new.pupil_id,
                new.school_id,
                new.kind,
                document,
                new.valid_from,
                new.valid_until,
            )
            limit.require_possible(today)
            before = await limits.unlifted(tx.connection, limit.guardian_id, limit.pupil_id, limit.kind)
            if before is not None and before.same_as(limit):
                return before
            if before is not None and not before.over_on(today):
                raise LimitExists
            if before is not None:
                await self._lift(tx, before, by=caller.person_id, why=MachineReason.TERM_OVER)
            return await self._place(tx, limit, pupil, by=caller.person_id)

    async def lift(self, caller: Caller, *, school_id: UUID, limit_id: UUID, reason: str) -> None:
        """Take a limit away before its last day; lifting a lifted one succeeds.

        What NO_ACCESS interrupted holds again from today on, unless its own term is over.

        Raises:
            NotTheirSchool, OwnFamily: see `place`.
            PupilLeft: the pupil has left the school.
            UnknownLimit: there is no such limit.
            WhyNeeded: no reason is given.
        """
        why = reason_of(reason)
        async with self._database.transaction() as tx:
            await require_registrar(tx.connection, caller, school_id)
            known = await limits.limit(tx.connection, limit_id)
            if known is None:
                raise UnknownLimit
            pupil = await locked_pupil(tx.connection, caller, school_id, known[0].pupil_id, lets_in=True)
            limit, lifted_at = await limits.limit(tx.connection, limit_id) or known
            today = await self._relating.today(tx.connection, school_id)
            await require_foreign(tx.connection, caller, limit.guardian_id, pupil.id, today=today)
            if lifted_at is None:
                await self._lift(tx, limit, by=caller.person_id, why=why)
                if limit.kind is LimitKind.NO_ACCESS and not limit.over_on(today):
                    await self._give_back(tx, limit, pupil, today, by=caller.person_id)

    async def _place(self, tx: Transaction, limit: CourtLimit, pupil: Pupil, *, by: UUID) -> CourtLimit:
        present = await standing.relation_of_pair(tx.connection, limit.guardian_id, limit.pupil_id)
        forbids_all = limit.kind is LimitKind.NO_ACCESS
        placed = replace(limit, interrupted=present.id if present and forbids_all else None)
        await limits.insert_limit(tx.connection, placed, by=by, at=self._clock.now())
        _audit(tx, "place_court_limit", placed, by=by, why=placed.kind.lower())
        if present is not None and forbids_all:
            await self._interrupt(tx, placed, present, pupil, by=by)
        elif present is not None:
            await self._relating.end_grants(tx, present)
        await self._relating.forbid(tx, limit.guardian_id, limit.pupil_id)
        return placed

    async def _interrupt(
        self, tx: Transaction, limit: CourtLimit, relation: Relation, pupil: Pupil, *, by: UUID
    ) -> None:
        await self._relating.end(tx, relation, by=by, why=MachineReason.COURT_LIMIT)
        again = limit.takes_up_again(relation)
        if again is not None:
            await self._relating.take_up_again(tx, relation, pupil, first=again, by=by)

    async def _give_back(
        self, tx: Transaction, limit: CourtLimit, pupil: Pupil, today: date, *, by: UUID
    ) -> None:
        """Let what was interrupted hold from today on.

        When the limit had a last day, a relation waits for the day after; if a registrar has ended that one
        meanwhile, nothing comes back.
        """
        known = (
            await standing.relation(tx.connection, limit.interrupted)
            if limit.interrupted is not None
            else None
        )
        if known is None:
            return
        interrupted, _ = known
        waiting = await standing.relation_of_pair(tx.connection, limit.guardian_id, limit.pupil_id)
        if waiting is not None:
            if waiting.valid_from > today:
                moved = replace(waiting, valid_from=today)
                await self._relating.move(tx, moved, by=by, why=MachineReason.LIMIT_OVER)
        elif limit.takes_up_again(interrupted) is None:
            await self._relating.take_up_again(tx, interrupted, pupil, first=today, by=by)

    async def _lift(self, tx: Transaction, limit: CourtLimit, *, by: UUID, why: str) -> None:
        await limits.lift(tx.connection, limit.id, by=by, why=why, at=self._clock.now())
        _audit(tx, "lift_court_limit", limit, by=by, why=why)


def _audit(tx: Transaction, action: str, limit: CourtLimit, *, by: UUID, why: str) -> None:
    tx.audit(
        actor=str(by),
        action=action,
        object_kind="court_limit",
        object_id=str(limit.id),
        why=why,
        subject=limit.guardian_id,
    )
