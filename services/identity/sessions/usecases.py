"""Beginning, keeping alive and ending sessions."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.identity.keyring import Keyring, KeyringError
from services.identity.people.messages import wire_roles
from services.identity.people.rules import Person
from services.identity.sessions import storage
from services.identity.sessions.rules import (
    Door,
    EndReason,
    Lifetimes,
    RefreshToken,
    SessionEnded,
    Use,
    proof_message,
    use_of,
)
from services.identity.sessions.storage import Kept
from services.kit.caller import Caller
from services.kit.clock import Clock
from services.kit.database import Database, Transaction
from services.kit.ids import new_id
from services.kit.tokens import TokenIssuer

_SEED_BYTES = 16
# A session that two requests rotate at once is looked at again: the other one's step explains ours.
_LOOKS = 2


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a client needs to stay signed in."""

    access: str = field(repr=False)
    access_end: datetime
    refresh: str = field(repr=False)
    refresh_end: datetime


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A person who is in."""

    tokens: Tokens
    person: Person
    bound_now: bool = False


class Sessions:
    """Every session of the region."""

    def __init__(
        self, database: Database, keyring: Keyring, issuer: TokenIssuer, lifetimes: Lifetimes, clock: Clock
    ) -> None:
        self._database = database
        self._keyring = keyring
        self._issuer = issuer
        self._lifetimes = lifetimes
        self._clock = clock

    async def begin(self, tx: Transaction, account_id: UUID, person: Person, door: Door) -> Tokens:
        """A new session, in the transaction that let the person in; never an old one's id (A19)."""
        session = self._new(account_id, person)
        await storage.insert_session(tx.connection, session, door)
        return self._tokens(session, session.generation, session.idle_end)

    async def begin_alone(self, tx: Transaction, account_id: UUID, person: Person, door: Door) -> Tokens:
        """A new session that ends all others of the account: a profile was bound (A6)."""
        session = self._new(account_id, person)
        await storage.insert_session_alone(tx.connection, session, door, reason=EndReason.PROFILE_BOUND)
        return self._tokens(session, session.generation, session.idle_end)

    def _new(self, account_id: UUID, person: Person) -> Kept:
        now = self._clock.now()
        absolute_end = now + self._lifetimes.absolute
        return Kept(
            id=new_id(),
            account_id=account_id,
            person_id=person.id,
            roles=person.roles,
            seed=secrets.token_bytes(_SEED_BYTES),
            proof_key=self._keyring.refresh_version,
            generation=1,
            rotated_at=now,
            idle_end=self._lifetimes.idle_end(now, absolute_end),
            absolute_end=absolute_end,
        )

    async def refresh(self, text: str) -> Tokens:
        """The next pair of tokens; within the grace, the same pair's refresh token again.

        Raises:
            SessionEnded: the session is over, the token unknown, or an old one came back (A20).
        """
        shown = RefreshToken.parse(text)
        async with self._database.read() as connection:
            for _ in range(_LOOKS):
                now = self._clock.now()
                session = await self._live(connection, shown, now)
                use = use_of(
                    shown.generation, present=session.generation, rotated_at=session.rotated_at, now=now
                )
                if use is Use.REPEATS:
                    return self._tokens(session, session.generation, session.idle_end)
                if use is Use.BETRAYS:
                    break
                idle_end = self._lifetimes.idle_end(now, session.absolute_end)
                if await storage.rotate(
                    connection, session.id, shown=shown.generation, now=now, idle_end=idle_end
                ):
                    return self._tokens(session, shown.generation + 1, idle_end)
        await self._end_betrayed(session)
        raise SessionEnded

    async def end(self, caller: Caller) -> None:
        """End the caller's own session; ending it again succeeds."""
        async with self._database.transaction() as tx:
            ended = await storage.end(
                tx.connection, caller.session_id, now=self._clock.now(), reason=EndReason.SIGNED_OUT
            )
            if ended:
                tx.audit(
                    actor=str(caller.person_id),
                    action="end_session",
                    object_kind="session",
                    object_id=str(caller.session_id),
                )

    async def _live(self, connection: AsyncConnection, shown: RefreshToken, now: datetime) -> Kept:
        session = await storage.live(connection, shown.session_id, now)
        if session is None or not shown.proven_by(self._proof(session, shown.generation)):
            raise SessionEnded
        return session

    async def _end_betrayed(self, session: Kept) -> None:
        async with self._database.transaction() as tx:
            now = self._clock.now()
            if await storage.end(tx.connection, session.id, now=now, reason=EndReason.REUSED_TOKEN):
                tx.audit(
                    actor=str(session.person_id),
                    action="end_session",
                    object_kind="session",
                    object_id=str(session.id),
                    why=EndReason.REUSED_TOKEN,
                )

    def _tokens(self, session: Kept, generation: int, idle_end: datetime) -> Tokens:
        access, access_end = self._issuer.issue(
            person_id=session.person_id,
            account_id=session.account_id,
            session_id=session.id,
            roles=frozenset(wire_roles(session.roles)),
        )
        refresh = RefreshToken(session.id, generation, self._proof(session, generation))
        return Tokens(access, access_end, str(refresh), idle_end)

    def _proof(self, session: Kept, generation: int) -> bytes:
        message = proof_message(session.id, generation, session.seed)
        try:
            return self._keyring.refresh_mac(message, key_version=session.proof_key)
        except KeyringError:
            raise SessionEnded from None
