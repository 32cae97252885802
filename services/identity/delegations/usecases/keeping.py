"""Reading a delegation as it stands, and ending it: what all who change one have in common."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncConnection

from school.identity.v1.events_pb2 import MessageKind
from services.identity.delegations import storage
from services.identity.delegations.rules import Delegation, State, UnknownDelegation
from services.identity.delegations.storage import Known
from services.identity.delegations.usecases.facts import ended, write_down
from services.identity.keyring import Keyring
from services.identity.telling.usecases import Telling
from services.kit.clock import Clock
from services.kit.database import Transaction

_WORKER: Final = "identity"
"""Who ends, in the audit, what a right has ended with."""
_ACTIONS: Final = {
    State.REFUSED: "refuse_trust",
    State.WITHDRAWN: "withdraw_trust",
    State.LEFT: "leave_trust",
    State.LAPSED: "lapse_trust",
}


@dataclass(frozen=True, slots=True)
class Seen:
    """A delegation as it stands today."""

    known: Known
    state: State


class Keeping:
    """Delegations as they stand, and their ends.

    Args:
        keyring: addresses and logins of the invited are sealed.
        telling: tells who sees a pupil no more, and the pupil's family.
        zone: whose days count, as for relations.
        clock: what time it is.
    """

    def __init__(self, keyring: Keyring, telling: Telling, zone: ZoneInfo, clock: Clock) -> None:
        self.keyring = keyring
        self._telling = telling
        self._zone = zone
        self._clock = clock

    def today(self) -> date:
        """The present day."""
        return self._clock.today(self._zone)

    def seen(self, known: Known) -> Seen:
        """How a delegation stands."""
        state = known.delegation.state(self._clock.now(), self.today(), right_holds=known.right_holds)
        return Seen(known, state)

    async def known(self, connection: AsyncConnection, delegation_id: UUID) -> Known:
        """A delegation. Raises `UnknownDelegation`."""
        known = await storage.by_id(connection, self.keyring, delegation_id, today=self.today())
        if known is None:
            raise UnknownDelegation
        return known

    async def relation_over(self, tx: Transaction, relation_id: UUID) -> None:
        """End what was granted by a relation, in the transaction that ends it and holds it (A30)."""
        for place in await storage.unended(tx.connection, relation_id=relation_id):
            await storage.hold_pupil(tx.connection, place.pupil_id)
            await self.end(tx, place.delegation_id, State.LAPSED, by=None)

    async def forbidden(self, tx: Transaction, person_id: UUID, pupil_id: UUID) -> None:
        """End what somebody is trusted with whom a court forbids the pupil, as the decision is entered."""
        await storage.hold_pupil(tx.connection, pupil_id)
        for place in await storage.unended(tx.connection, person_id=person_id):
            if place.pupil_id == pupil_id:
                await self.end(tx, place.delegation_id, State.LAPSED, by=None)

    async def own_right_over(self, tx: Transaction, pupil_id: UUID) -> None:
        """End what a pupil granted alone who turns out to be below 18: for a child the guardians decide."""
        await storage.hold_pupil(tx.connection, pupil_id)
        for place in await storage.unended(tx.connection, person_id=pupil_id):
            if place.pupil_id == pupil_id and place.relation_id is None:
                await self.end(tx, place.delegation_id, State.LAPSED, by=None)

    async def account_over(self, tx: Transaction, person_id: UUID) -> None:
        """End what somebody granted and was trusted with, in the transaction that erases their account."""
        for place in await storage.unended(tx.connection, person_id=person_id):
            await storage.hold_pupil(tx.connection, place.pupil_id)
            known = await self.known(tx.connection, place.delegation_id)
            theirs = known.delegation.trusted_id == person_id
            await self.end(tx, place.delegation_id, State.LEFT if theirs else State.LAPSED, by=person_id)

    async def end(self, tx: Transaction, delegation_id: UUID, how: State, *, by: UUID | None) -> None:
        """End a delegation of a pupil who is held; nothing when it was ended before.

        Args:
            tx: the caller's transaction.
            delegation_id: which.
            how: what becomes of it.
            by: whose deed it is, who need not be told; None: nobody's.
        """
        before = (await self.known(tx.connection, delegation_id)).delegation
        if before.ended_at is not None:
            return
        after = before.ended(how, self._clock.now())
        await storage.save(tx.connection, self.keyring, after)
        if before.message_id is not None:
            self._telling.withdraw(tx, before.message_id)
        write_down(tx, after, _ACTIONS[how], by=str(by or _WORKER))
        if after.accepted_at is not None and after.trusted_id is not None:
            tx.publish(ended(after), aggregate=after.id, version=after.version)
            if after.valid_until >= self.today():
                await self._tell(tx, after, {after.trusted_id}, besides=by)

    async def _tell(
        self, tx: Transaction, after: Delegation, concerned: set[UUID], *, besides: UUID | None
    ) -> None:
        concerned |= set(await storage.guardians_of(tx.connection, after.pupil_id, today=self.today()))
        if after.relation_id is None:
            concerned.add(after.grantor_id)
        for one in sorted(concerned - {besides}):
            await self._telling.tell_everywhere(tx, one, MessageKind.MESSAGE_KIND_TRUST_ENDED, {})
