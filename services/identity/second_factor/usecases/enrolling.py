"""Enrolling, proving and removing the second factor."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol
from uuid import UUID

import pyotp
from sqlalchemy.ext.asyncio import AsyncConnection

from school.access.v1.policy_pb2 import Pending
from school.identity.v1.events_pb2 import MessageKind
from services.identity.accounts.storage import login_of_account
from services.identity.keyring import Keyring
from services.identity.people import storage as people
from services.identity.people.rules import Role
from services.identity.second_factor import storage
from services.identity.second_factor.codes import Codes, recovery_kind, secret_context
from services.identity.second_factor.rules import (
    STEP_S,
    TIME_TO_ENROL,
    NoEnrolment,
    NoSecondFactor,
    SecondFactorDemanded,
    SecondFactorPresent,
    WrongCode,
    new_recovery_codes,
    typed,
)
from services.identity.sessions.minting import Tokens
from services.identity.sessions.usecases import Sessions
from services.kit.caller import Caller
from services.kit.clock import Clock
from services.kit.database import Database, Transaction
from services.kit.errors import SessionEnded, StepUpNeeded
from services.kit.rpc.policy import RECENT

# What an app shows beside the issuer for somebody who enters through ESIA alone.
_WITHOUT_LOGIN = "Gosuslugi"


@dataclass(frozen=True, slots=True)
class Present:
    """What a person has."""

    enrolled_at: datetime | None
    """None: nothing is enrolled."""
    demanded: bool
    recovery_codes_left: int


@dataclass(frozen=True, slots=True)
class Secret:
    """What a person's app is to be told; never printed."""

    base32: str = field(repr=False)
    uri: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Enrolled:
    """What a first code brings."""

    recovery_codes: list[str] = field(repr=False)
    tokens: Tokens | None
    """Of the whole session in the place of one that owed the factor; None: the session goes on."""


class Telling(Protocol):
    """Writes to people, in the caller's transaction."""

    async def tell_everywhere(
        self, tx: Transaction, person_id: UUID, kind: MessageKind.ValueType, values: Mapping[str, str]
    ) -> list[UUID]:
        """Have every confirmed contact of a person told."""
        ...


class SecondFactors:
    """What people do with their second factor.

    Args:
        database: where it is.
        keyring: seals secrets and indexes recovery codes.
        codes: looks at codes.
        sessions: replaces sessions that owed it.
        telling: tells its person.
        demanding: the roles that demand one.
        issuer: whose account it is, as the person's app shows it.
        clock: the time.
    """

    def __init__(
        self,
        database: Database,
        *,
        keyring: Keyring,
        codes: Codes,
        sessions: Sessions,
        telling: Telling,
        demanding: frozenset[Role],
        issuer: str,
        clock: Clock,
    ) -> None:
        self._database = database
        self._keyring = keyring
        self._codes = codes
        self._sessions = sessions
        self._telling = telling
        self._demanding = demanding
        self._issuer = issuer
        self._clock = clock

    async def mine(self, caller: Caller) -> Present:
        """What the caller has, and whether a role of theirs demands it."""
        async with self._database.read() as connection:
            factor = await storage.factor(connection, caller.account_id)
            left = await storage.recovery_codes_left(connection, caller.account_id)
            demanded = await self._demanded(connection, caller)
        enrolled_at = factor.enrolled_at if factor else None
        return Present(enrolled_at, demanded, left)

    async def start(self, caller: Caller) -> Secret:
        """Begin an enrolment, with a new secret each time.

        Raises:
            SecondFactorPresent: one is enrolled.
            StepUpNeeded: the session is whole, and its person has not shown lately who they are.
            SessionEnded: it owes the factor, and they have not for half an hour; it is over now.
        """
        await self._require_shown(caller)
        secret = pyotp.random_base32()
        sealed = self._keyring.seal(secret, context=secret_context(caller.account_id))
        async with self._database.transaction() as tx:
            if not await storage.start(tx.connection, caller.account_id, sealed, at=self._clock.now()):
                raise SecondFactorPresent
            login = await login_of_account(tx.connection, caller.account_id)
        app = pyotp.TOTP(secret, interval=STEP_S)
        return Secret(secret, app.provisioning_uri(name=login or _WITHOUT_LOGIN, issuer_name=self._issuer))

    async def confirm(self, caller: Caller, code: str) -> Enrolled:
        """End an enrolment with a first code.

        Raises:
            NoEnrolment: none was begun, or another one meanwhile.
            WrongCode: it is not the code of the app that was told the secret.
            TooManyAttempts: guesses must wait.
            StepUpNeeded, SessionEnded: as `start`.
        """
        await self._require_shown(caller)
        await self._codes.count_guess(caller.account_id)
        recovery_codes = new_recovery_codes()
        async with self._database.transaction() as tx:
            factor = await storage.factor(tx.connection, caller.account_id)
            if factor is None or factor.enrolled_at is not None:
                raise NoEnrolment
            step = self._codes.matching_step(caller.account_id, factor, code)
            if step is None:
                raise WrongCode
            now = self._clock.now()
            if not await storage.confirm(tx.connection, caller.account_id, factor.secret, step=step, at=now):
                raise NoEnrolment
            await self._keep(tx, caller, recovery_codes)
            await self._note(tx, caller, "enrol_second_factor", "enrolled")
            tokens = None
            if caller.pending == Pending.PENDING_SECOND_FACTOR:
                tokens = await self._sessions.replace(tx, caller, shown=True, second_factor=True)
            else:
                await self._sessions.note_second_factor(tx, caller)
        await self._codes.forgive(caller.account_id)
        return Enrolled(recovery_codes, tokens)

    async def prove(self, caller: Caller, code: str) -> Tokens:
        """Pay the second factor with a code; the whole session in the place of the caller's.

        In a session that owed nothing it is no step-up: that asks for the password as well.

        Raises:
            NoSecondFactor: none is enrolled.
            WrongCode: the code is not a present one, or was used before.
            TooManyAttempts: guesses must wait.
            SessionEnded: the session is over.
        """
        await self._codes.count_guess(caller.account_id)
        owed = caller.pending == Pending.PENDING_SECOND_FACTOR
        async with self._database.transaction() as tx:
            await self._codes.prove(tx, caller.account_id, code)
            tokens = await self._sessions.replace(tx, caller, shown=owed, second_factor=True)
        await self._codes.forgive(caller.account_id)
        return tokens

    async def new_recovery_codes(self, caller: Caller) -> list[str]:
        """New recovery codes; the former ones are dead. Raises `NoSecondFactor`."""
        codes = new_recovery_codes()
        async with self._database.transaction() as tx:
            factor = await storage.factor(tx.connection, caller.account_id)
            if factor is None or factor.enrolled_at is None:
                raise NoSecondFactor
            await self._keep(tx, caller, codes)
            self._audit(tx, caller, "renew_recovery_codes")
        return codes

    async def remove(self, caller: Caller) -> None:
        """Remove the second factor.

        Raises:
            SecondFactorDemanded: a role of the caller demands it.
            NoSecondFactor: there is none.
        """
        async with self._database.transaction() as tx:
            if await self._demanded(tx.connection, caller):
                raise SecondFactorDemanded
            if not await storage.remove(tx.connection, caller.account_id):
                raise NoSecondFactor
            await self._note(tx, caller, "remove_second_factor", "removed")

    async def _demanded(self, connection: AsyncConnection, caller: Caller) -> bool:
        """Whether a role that the person holds demands it, also one that they do not act in."""
        person = await people.person(connection, caller.person_id)
        return person is not None and not person.roles.isdisjoint(self._demanding)

    async def _require_shown(self, caller: Caller) -> None:
        """Make sure that it is the person who enrols, not somebody with an old session of theirs.

        One that has owed the factor since its beginning leaves time to fetch an app. One that came to owe it
        later, by a role that its person was given, ends: they enter anew.
        """
        age = self._clock.now() - caller.authenticated_at
        if caller.pending and age > TIME_TO_ENROL:
            await self._sessions.end(caller)
            raise SessionEnded
        if not caller.pending and age > RECENT:
            raise StepUpNeeded

    async def _keep(self, tx: Transaction, caller: Caller, codes: list[str]) -> None:
        indexes = [self._keyring.index(typed(code), kind=recovery_kind()) for code in codes]
        await storage.replace_recovery_codes(tx.connection, caller.account_id, indexes)

    async def _note(self, tx: Transaction, caller: Caller, action: str, what: str) -> None:
        self._audit(tx, caller, action)
        await self._telling.tell_everywhere(
            tx, caller.person_id, MessageKind.MESSAGE_KIND_SECOND_FACTOR_CHANGED, {"what": what}
        )

    @staticmethod
    def _audit(tx: Transaction, caller: Caller, action: str) -> None:
        person = str(caller.person_id)
        tx.audit(
            actor=person, action=action, object_kind="person", object_id=person, subject=caller.person_id
        )
