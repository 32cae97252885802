"""Beginning, keeping alive, replacing and ending sessions."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.identity.people.rules import Person, Role
from services.identity.sessions import storage
from services.identity.sessions.endings import Endings, Hear
from services.identity.sessions.minting import Mint, Tokens
from services.identity.sessions.rules import (
    FIRST,
    Door,
    EndReason,
    Lifetimes,
    RefreshToken,
    RoleNotHeld,
    Standing,
    Use,
    begun_lately,
    plain_zone,
    replaced_lately,
    use_of,
)
from services.identity.sessions.storage import Ended, Kept, Past
from services.kit.caller import Caller
from services.kit.client import client
from services.kit.clock import Clock
from services.kit.database import Database, Transaction
from services.kit.errors import SessionEnded
from services.kit.ids import new_id

_SEED_BYTES = 16
# A session that two requests rotate at once is looked at again: the other one's step explains ours.
_LOOKS = 2


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A person who is in."""

    tokens: Tokens
    person: Person
    bound_now: bool = False


class Sessions(Endings):
    """Every session of the region."""

    def __init__(
        self, database: Database, mint: Mint, lifetimes: Lifetimes, clock: Clock, ended: Hear
    ) -> None:
        super().__init__(database, clock, ended)
        self._mint = mint
        self._lifetimes = lifetimes

    # --- beginning ---

    async def begin(
        self,
        tx: Transaction,
        account_id: UUID,
        person: Person,
        door: Door,
        *,
        shown: datetime | None = None,
    ) -> Tokens:
        """A new session, in the transaction that let the person in; never an old one's id (A19).

        What it owes follows from the account as it stands in this transaction.

        Args:
            tx: what lets them in.
            account_id: by which account.
            person: who, with all roles.
            door: by which door.
            shown: when they showed who they are, if that was before: at ESIA in the morning; else just now.
        """
        session = self._new(account_id, person, door, shown)
        activated, enrolled = await storage.insert_session(tx.connection, session)
        # FSTEC order 21 (РСБ.1): who came in, and when. A binding has an entry of its own.
        tx.audit(
            actor=str(person.id),
            action="begin_session",
            object_kind="session",
            object_id=str(session.id),
            why=door,
            subject=person.id,
        )
        return self._mint.tokens(session, Standing(person.roles, activated, enrolled))

    async def begin_alone(
        self,
        tx: Transaction,
        account_id: UUID,
        person: Person,
        door: Door,
        *,
        shown: datetime | None = None,
    ) -> Tokens:
        """As `begin`, and all others of the account end: a profile was bound (A6)."""
        session = self._new(account_id, person, door, shown)
        ended = await storage.insert_session_alone(tx.connection, session, reason=EndReason.PROFILE_BOUND)
        self.tell_ended(tx, ended, session.began_at)
        return self._mint.tokens(session, Standing(person.roles, activated=True, enrolled=False))

    async def repeat(self, tx: Transaction, session_id: UUID) -> Tokens:
        """The tokens that a session has just begun with, once more: a button was pressed twice (A9).

        Raises:
            SessionEnded: it is over, it did not begin just now, or its tokens were renewed since.
        """
        now = self._clock.now()
        found = await storage.live(tx.connection, session_id, now)
        if found is None or not begun_lately(found[0].began_at, generation=found[0].generation, now=now):
            raise SessionEnded
        return self._mint.tokens(*found)

    def _new(self, account_id: UUID, person: Person, door: Door, shown: datetime | None) -> Kept:
        now = self._clock.now()
        limits = self._lifetimes.of(person.roles)
        absolute_end = now + limits.absolute
        device = client()
        session_id = new_id()
        return Kept(
            id=session_id,
            account_id=account_id,
            person_id=person.id,
            door=door,
            device=device.device,
            time_zone=plain_zone(device.time_zone),
            began_at=now,
            seed=secrets.token_bytes(_SEED_BYTES),
            proof_key=self._mint.key_version,
            generation=FIRST,
            rotated_at=now,
            idle_end=limits.idle_end(now, absolute_end),
            absolute_end=absolute_end,
            family_id=session_id,
            auth_at=min(shown or now, now),
            second_factor_at=None,
            acting_as=None,
        )

    # --- keeping alive ---

    async def refresh(self, text: str) -> Tokens:
        """The next pair of tokens; within the grace, the same pair's refresh token again.

        Raises:
            SessionEnded: the session is over, the token unknown, or an old one came back (A20).
        """
        shown = RefreshToken.parse(text)
        async with self._database.read() as connection:
            for _ in range(_LOOKS):
                now = self._clock.now()
                session, standing = await self._live(connection, shown, now)
                use = use_of(
                    shown.generation, present=session.generation, rotated_at=session.rotated_at, now=now
                )
                if use is Use.REPEATS:
                    return self._mint.tokens(session, standing)
                if use is Use.BETRAYS:
                    break
                moved = self._moved_on(session, standing, now)
                if await storage.rotate(
                    connection,
                    session.id,
                    shown=shown.generation,
                    now=now,
                    idle_end=moved.idle_end,
                    absolute_end=moved.absolute_end,
                ):
                    return self._mint.tokens(moved, standing)
        await self.end_betrayed(session.family_id)
        raise SessionEnded

    def _moved_on(self, session: Kept, standing: Standing, now: datetime) -> Kept:
        """The session's next generation, by the limits of what the person is by now."""
        limits = self._lifetimes.of(standing.roles)
        absolute_end = min(session.absolute_end, session.began_at + limits.absolute)
        if now >= absolute_end:
            raise SessionEnded
        return replace(
            session,
            generation=session.generation + 1,
            rotated_at=now,
            idle_end=limits.idle_end(now, absolute_end),
            absolute_end=absolute_end,
        )

    async def _live(
        self, connection: AsyncConnection, shown: RefreshToken, now: datetime
    ) -> tuple[Kept, Standing]:
        found = await storage.live(connection, shown.session_id, now)
        if found is None:
            await self._judge_past(await storage.past(connection, shown.session_id), shown, now)
            raise SessionEnded
        session, _ = found
        self._require_proof(session, shown)
        return found

    async def _judge_past(self, session: Past | None, shown: RefreshToken, now: datetime) -> None:
        """A genuine token of a replaced session: from a tab that was a moment late, or a betrayal."""
        if session is None:
            return
        self._require_proof(session, shown)
        if replaced_lately(session.ended_at, now):
            # Not its successor: who held the old one before the person was asked again gains nothing (A19).
            raise SessionEnded(replaced="true")
        await self.end_betrayed(session.family_id)

    def _require_proof(self, session: Kept | Past, shown: RefreshToken) -> None:
        proof = self._mint.proof(
            session.id, shown.generation, seed=session.seed, key_version=session.proof_key
        )
        if not shown.proven_by(proof):
            raise SessionEnded

    # --- replacing ---

    async def replace(
        self, tx: Transaction, caller: Caller, *, shown: bool, second_factor: bool = False
    ) -> Tokens:
        """A session with a new id in the place of the caller's, which ends (A19).

        It keeps the age, the device and the role of the former one; what it owes follows from the account as
        it stands in this transaction. Of several at once one replaces, the others get the same successor,
        provided that they have shown who they are as well.

        Args:
            tx: of the deed that asks for another session.
            caller: whose.
            shown: whether the person has just shown who they are.
            second_factor: whether they have just given a code of it.

        Raises:
            SessionEnded: the caller's session is over.
        """
        return await self.replace_session(
            tx,
            caller.session_id,
            account_id=caller.account_id,
            shown=self._clock.now() if shown else None,
            second_factor=second_factor,
        )

    async def replace_session(
        self,
        tx: Transaction,
        session_id: UUID,
        *,
        account_id: UUID,
        shown: datetime | None,
        second_factor: bool = False,
    ) -> Tokens:
        """As `replace`, for a session of the account; ``shown``: when the person showed who they are."""
        now = self._clock.now()
        found = await storage.live(tx.connection, session_id, now, lock=True)
        if found is None:
            return await self._successor(tx, session_id, account_id, now, shown=shown)
        former, standing = found
        if former.account_id != account_id:
            raise SessionEnded
        fresh = replace(
            self._moved_on(former, standing, now),
            id=new_id(),
            seed=secrets.token_bytes(_SEED_BYTES),
            proof_key=self._mint.key_version,
            generation=FIRST,
            auth_at=max(former.auth_at, min(shown, now)) if shown else former.auth_at,
            second_factor_at=now if second_factor else former.second_factor_at,
        )
        await storage.end(
            tx.connection,
            former.id,
            account_id=former.account_id,
            now=now,
            reason=EndReason.REPLACED,
            replaced_by=fresh.id,
        )
        await storage.insert_session(tx.connection, fresh)
        self.tell_ended(tx, [Ended(former.id, former.person_id)], now, replaced=True)
        return self._mint.tokens(fresh, standing)

    async def _successor(
        self, tx: Transaction, session_id: UUID, account_id: UUID, now: datetime, *, shown: datetime | None
    ) -> Tokens:
        former = await storage.past(tx.connection, session_id)
        if (
            former is None
            or former.account_id != account_id
            or shown is None
            or not replaced_lately(former.ended_at, now)
        ):
            raise SessionEnded
        found = await storage.live(tx.connection, former.replaced_by, now)
        if found is None:
            raise SessionEnded
        return self._mint.tokens(*found)

    async def act_as(self, caller: Caller, role: Role | None) -> Tokens:
        """Let the caller act in one of their roles, or in all; the session goes on.

        Without a new refresh token: an access token that was stolen buys no longer life.

        Raises:
            RoleNotHeld: they do not hold it.
            SessionEnded: the session is over.
        """
        async with self._database.transaction() as tx:
            found = await storage.live(tx.connection, caller.session_id, self._clock.now(), lock=True)
            if found is None:
                raise SessionEnded
            session, standing = found
            if role is not None and role not in standing.roles:
                raise RoleNotHeld
            await storage.act_as(tx.connection, session.id, role)
            return self._mint.tokens(replace(session, acting_as=role), standing, refresh=False)

    async def note_second_factor(self, tx: Transaction, caller: Caller) -> None:
        """A code of the second factor was given in the caller's session, which goes on."""
        await storage.note_second_factor(tx.connection, caller.session_id, at=self._clock.now())
