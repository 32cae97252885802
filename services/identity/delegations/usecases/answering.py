"""What the invited and trusted do: looking at an invitation, answering it, giving up."""

from __future__ import annotations

from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from school.identity.v1.events_pb2 import MessageKind
from services.identity.delegations import storage
from services.identity.delegations.rules import (
    InvitationUnknown,
    SeesAlready,
    State,
    UnknownDelegation,
)
from services.identity.delegations.storage import Known, Place
from services.identity.delegations.usecases.facts import granted, write_down
from services.identity.delegations.usecases.keeping import Keeping, Seen
from services.identity.digests import digest_of
from services.identity.families.rules.relations import (
    CourtForbids,
)
from services.identity.families.storage.limits import limits_of_pair
from services.identity.telling.usecases import Telling
from services.kit.caller import Caller
from services.kit.clock import Clock
from services.kit.database import Database, Transaction


@dataclass(frozen=True, slots=True)
class InvitationKey:
    """By what an invitation is answered: the token of its link, or its id where the account was invited."""

    token: str = field(repr=False)
    delegation_id: UUID | None


class Answering:
    """What somebody is trusted with by other families (R34)."""

    def __init__(self, database: Database, keeping: Keeping, telling: Telling, clock: Clock) -> None:
        self._database = database
        self._keeping = keeping
        self._telling = telling
        self._clock = clock

    async def mine(self, caller: Caller) -> tuple[list[Seen], list[Seen]]:
        """What the caller is trusted with today, and what they are invited to by their login."""
        async with self._database.read() as connection:
            known = await storage.of_trusted(
                connection,
                self._keeping.keyring,
                caller.person_id,
                now=self._clock.now(),
                today=self._keeping.today(),
            )
        seen = [self._keeping.seen(one) for one in known]
        held = [one for one in seen if one.state is State.HOLDS]
        return held, [one for one in seen if one.state is State.INVITED]

    async def look(self, caller: Caller, key: InvitationKey) -> Seen:
        """An invitation that waits for the caller. Raises `InvitationUnknown`."""
        async with self._database.read() as connection:
            place = await _place(connection, key)
            known = await self._keeping.known(connection, place.delegation_id)
        return self._require_waiting(known, caller, key)

    async def accept(self, caller: Caller, key: InvitationKey) -> Seen:
        """Accept an invitation; for who has accepted it, again, nothing changes.

        Raises:
            InvitationUnknown: no such invitation waits for the caller.
            SeesAlready: the caller is the pupil, or stands for them.
            CourtForbids: a court forbids the caller the pupil, whoever trusts them.
        """
        async with self._database.transaction() as tx:
            known = await self._held(tx, key)
            before = known.delegation
            if self._keeping.seen(known).state is State.HOLDS and before.trusted_id == caller.person_id:
                return self._keeping.seen(known)
            self._require_waiting(known, caller, key)
            guardians = await storage.guardians_of(
                tx.connection, before.pupil_id, today=self._keeping.today()
            )
            if caller.person_id in {before.pupil_id, *guardians}:
                raise SeesAlready
            if await limits_of_pair(
                tx.connection, caller.person_id, before.pupil_id, on=self._keeping.today()
            ):
                raise CourtForbids
            after = before.accepted(caller.person_id, self._clock.now())
            await storage.save(tx.connection, self._keeping.keyring, after)
            event = granted(after, since=self._keeping.today())
            tx.publish(event, aggregate=after.id, version=after.version)
            write_down(tx, after, "accept_trust", by=str(caller.person_id))
            for one in sorted({before.grantor_id, *guardians}):
                await self._telling.tell_everywhere(tx, one, MessageKind.MESSAGE_KIND_TRUST_ACCEPTED, {})
            known = await self._keeping.known(tx.connection, after.id)
        return self._keeping.seen(known)

    async def refuse(self, caller: Caller, key: InvitationKey) -> None:
        """Refuse an invitation. Raises `InvitationUnknown`."""
        async with self._database.transaction() as tx:
            known = await self._held(tx, key)
            self._require_waiting(known, caller, key)
            await self._keeping.end(tx, known.delegation.id, State.REFUSED, by=caller.person_id)

    async def leave(self, caller: Caller, delegation_id: UUID) -> None:
        """Give up what the caller was trusted with; again, nothing changes. Raises `UnknownDelegation`."""
        async with self._database.transaction() as tx:
            place = await storage.place_of(tx.connection, delegation_id=delegation_id)
            if place is None:
                raise UnknownDelegation
            await storage.hold_pupil(tx.connection, place.pupil_id)
            known = await self._keeping.known(tx.connection, delegation_id)
            if known.delegation.trusted_id != caller.person_id or known.delegation.accepted_at is None:
                raise UnknownDelegation
            await self._keeping.end(tx, delegation_id, State.LEFT, by=caller.person_id)

    async def _held(self, tx: Transaction, key: InvitationKey) -> Known:
        """An invitation to be answered; neither it nor the right behind it changes until the end."""
        place = await _place(tx.connection, key)
        await storage.hold_right(tx.connection, place.relation_id)
        await storage.hold_pupil(tx.connection, place.pupil_id)
        return await self._keeping.known(tx.connection, place.delegation_id)

    def _require_waiting(self, known: Known, caller: Caller, key: InvitationKey) -> Seen:
        seen = self._keeping.seen(known)
        # Who comes by the link need not be anybody in particular; else the account that was invited.
        addressed = bool(key.token) or known.delegation.trusted_id == caller.person_id
        if seen.state is not State.INVITED or not addressed:
            raise InvitationUnknown
        return seen


async def _place(connection: AsyncConnection, key: InvitationKey) -> Place:
    place = None
    if key.token:
        place = await storage.place_of(connection, token_digest=digest_of(key.token))
    elif key.delegation_id is not None:
        place = await storage.place_of(connection, delegation_id=key.delegation_id)
    if place is None:
        raise InvitationUnknown
    return place
