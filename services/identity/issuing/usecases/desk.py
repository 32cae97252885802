"""The desk at which credentials are handed out: the same one for a single person and for a whole class.

What is verified, the new password, the end of the former one and of the sessions that it opened, the record
and the audit entry are one transaction. A password is hashed before it: a hash takes as long as a hundred
statements, and nothing is locked meanwhile.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Protocol
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncConnection

from school.access.v1.policy_pb2 import Role as WireRole
from school.identity.v1.events_pb2 import MessageKind
from services.identity.accounts.rules import AccountBlocked
from services.identity.contacts.storage import forget_changes
from services.identity.issuing.rules.people import (
    ApplicationChannel,
    Candidate,
    Capacity,
    Document,
    Reach,
    require_capacity,
    require_documents,
    require_issuer,
)
from services.identity.issuing.rules.refusals import IssuedBefore
from services.identity.issuing.rules.slips import logins, temporary_password
from services.identity.issuing.storage import issues
from services.identity.issuing.storage.issues import Issue
from services.identity.issuing.storage.people import candidates
from services.identity.passwords import Passwords
from services.identity.people.rights import registers
from services.identity.people.rules import NotTheirSchool, Role
from services.identity.people.storage import holds_role
from services.identity.schools import storage as schools
from services.identity.sessions.rules import EndReason
from services.kit.caller import Caller
from services.kit.clock import Clock
from services.kit.database import Transaction
from services.kit.errors import Unavailable


class EndsSessions(Protocol):
    """Ends what a person has open."""

    async def end_all(self, tx: Transaction, account_id: UUID, *, reason: EndReason) -> object:
        """End every session of the account, in the caller's transaction."""
        ...


class Tells(Protocol):
    """Tells a person, wherever they have shown to be reached."""

    async def tell_everywhere(
        self,
        tx: Transaction,
        person_id: UUID,
        kind: MessageKind.ValueType,
        values: Mapping[str, str],
    ) -> object:
        """Have a message sent to every confirmed contact, once the transaction has committed."""
        ...

    def withdraw(self, tx: Transaction, message_id: UUID) -> None:
        """Have a message not sent if it was not sent yet."""
        ...


class KeepsConsents(Protocol):
    """The registry of consents (R35)."""

    async def record_on_paper(
        self, tx: Transaction, *, giver_id: UUID, subject_id: UUID, employee_id: UUID
    ) -> object:
        """Record a consent that an employee was shown; again to the same text changes nothing."""
        ...


@dataclass(frozen=True, slots=True)
class Neighbours:
    """Whoever else has a part in credentials being given, each in the transaction of it."""

    sessions: EndsSessions
    tells: Tells
    consents: KeepsConsents
    reopen: Callable[[Transaction, UUID], Awaitable[object]]
    """Opens the account, had it been closed, and lets no erasure wait."""
    void: Callable[[Transaction, UUID], Awaitable[object]]
    """Voids the recoveries of the former password that were begun."""


@dataclass(frozen=True, slots=True)
class Verified:
    """What an employee has verified before credentials are given to somebody."""

    capacity: Capacity
    documents: frozenset[Document]
    channel: ApplicationChannel
    account_request_id: UUID | None = None
    reissue_reason: str | None = None
    job_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class NewPassword:
    """A temporary password that nobody has yet."""

    clear: str = field(repr=False)
    hash: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Given:
    """What was given to a person."""

    candidate: Candidate
    login: str = field(repr=False)
    expires_at: datetime
    number: int


class Desk:
    """Verifies, and gives out.

    Args:
        zone: whose days count at a school that the diary has not told of yet.
        good_for: how long a temporary password admits.
    """

    def __init__(
        self,
        passwords: Passwords,
        neighbours: Neighbours,
        *,
        zone: ZoneInfo,
        good_for: timedelta,
        clock: Clock,
    ) -> None:
        self._passwords = passwords
        self._neighbours = neighbours
        self._zone = zone
        self._good_for = good_for
        self._clock = clock

    async def today(self, connection: AsyncConnection, school_id: UUID) -> date:
        """The date at a school."""
        known = await schools.school(connection, school_id)
        return self._clock.today(known.zone if known else self._zone)

    async def reach_of(
        self, connection: AsyncConnection, caller: Caller, school_id: UUID, *, today: date
    ) -> Reach:
        """For whom the caller may issue, in the roles in which they act. Raises `NotTheirSchool`."""
        if await registers(connection, caller, school_id):
            return Reach(caller.person_id, school_id)
        if WireRole.ROLE_TEACHER in caller.roles:
            return await self.reach_of_teacher(connection, caller.person_id, school_id, today=today)
        raise NotTheirSchool

    async def reach_of_teacher(
        self, connection: AsyncConnection, person_id: UUID, school_id: UUID, *, today: date
    ) -> Reach:
        """The own classes of a teacher of the school; it may be none. Raises `NotTheirSchool`."""
        if not await holds_role(connection, person_id, school_id, Role.TEACHER):
            raise NotTheirSchool
        own = await schools.classes_of_homeroom_teacher(connection, school_id, person_id, today=today)
        return Reach(person_id, school_id, frozenset(each.id for each in own))

    async def reach_of_registrar(
        self, connection: AsyncConnection, person_id: UUID, school_id: UUID
    ) -> Reach:
        """The whole school. Raises `NotTheirSchool` when the person is no registrar there any more."""
        if not await holds_role(connection, person_id, school_id, Role.REGISTRAR):
            raise NotTheirSchool
        return Reach(person_id, school_id)

    async def new_password(self) -> NewPassword:
        """A temporary password and its hash; hold no connection meanwhile."""
        clear = temporary_password()
        return NewPassword(clear, await self._passwords.hash(clear))

    async def is_in_reach(
        self, connection: AsyncConnection, reach: Reach, person_id: UUID, *, today: date
    ) -> bool:
        """Whether somebody in reach has this id."""
        found = await candidates(connection, reach.school_id, [person_id], today=today)
        return person_id in found and reach.sees(found[person_id]) is not None

    async def see(
        self, connection: AsyncConnection, reach: Reach, person_id: UUID, *, today: date
    ) -> Candidate:
        """A person to whom the issuer may give credentials.

        Raises:
            UnknownPerson, NotTheirClass: nobody in reach has this id.
            OwnCredentials, EmployeeAccount: credentials of this person are not in the issuer's hands.
            AccountBlocked: the account, or the person, is blocked or has left.
        """
        found = await candidates(connection, reach.school_id, [person_id], today=today)
        candidate = reach.require(found.get(person_id))
        reach.require_entrusted(candidate)
        if not candidate.account.may_enter:
            raise AccountBlocked
        return candidate

    async def account_of_theirs(
        self, connection: AsyncConnection, caller: Caller, school_id: UUID, person_id: UUID, /
    ) -> UUID:
        """The account of somebody of whose credentials the caller, as a registrar, has the say.

        Raises:
            NotTheirSchool: the caller does not act as the school's registrar.
            UnknownPerson: nobody of the school has this id.
            OwnCredentials, EmployeeAccount: credentials of this person are not in the caller's hands.
        """
        if WireRole.ROLE_REGISTRAR not in caller.roles:
            raise NotTheirSchool
        reach = await self.reach_of_registrar(connection, caller.person_id, school_id)
        today = await self.today(connection, school_id)
        found = await candidates(connection, school_id, [person_id], today=today)
        candidate = reach.require(found.get(person_id))
        reach.require_entrusted(candidate)
        return candidate.account.id

    async def give(
        self,
        tx: Transaction,
        reach: Reach,
        candidate: Candidate,
        verified: Verified,
        password: NewPassword,
        *,
        today: date,
    ) -> Given:
        """Give credentials to a person who was seen in this transaction, the account being locked.

        Raises:
            TooYoung, WrongCapacity, DocumentsMissing: as the rules say.
            IssuedBefore: there are credentials, and no reason to issue anew.
            IssuedElsewhere: the credentials that there were are another school's.
        """
        account = candidate.account
        require_capacity(verified.capacity, candidate, reach, today)
        require_documents(verified.capacity, verified.documents)
        if account.has_credentials and not verified.reissue_reason:
            raise IssuedBefore
        require_issuer(candidate)
        now = self._clock.now()
        login = account.login or await issues.reserve_login(
            tx.connection, account.id, logins(candidate.name), at=now
        )
        if login is None:
            # Ten random logins of one surname were all taken: trying again is all that can be done.
            raise Unavailable
        issue = Issue(
            account.id,
            account.issued_count + 1,
            reach.school_id,
            reach.issuer_id,
            now,
            now + self._good_for,
            verified.capacity,
            verified.documents,
            verified.channel,
            verified.account_request_id,
            verified.job_id,
            verified.reissue_reason if account.had_credentials else None,
        )
        await self._neighbours.reopen(tx, account.id)
        await issues.give_password(tx.connection, issue, login, password.hash)
        await issues.record(tx.connection, issue)
        if account.had_credentials:
            await self._end_the_former(tx, candidate)
        await self._record_consent(tx, reach, candidate, verified)
        tx.audit(
            actor=str(reach.issuer_id),
            action="reissue_credentials" if account.had_credentials else "issue_credentials",
            object_kind="account",
            object_id=str(account.id),
            why=issue.reissue_reason,
            subject=candidate.person_id,
        )
        return Given(candidate, login, issue.expires_at, issue.number)

    async def _end_the_former(self, tx: Transaction, candidate: Candidate) -> None:
        account_id = candidate.account.id
        tells = self._neighbours.tells
        await self._neighbours.sessions.end_all(tx, account_id, reason=EndReason.CREDENTIALS_ISSUED)
        # Whoever held the former password may have begun to move the contacts, or to set another one (A6).
        await self._neighbours.void(tx, account_id)
        for message_id in await forget_changes(tx.connection, account_id):
            tells.withdraw(tx, message_id)
        await tells.tell_everywhere(
            tx, candidate.person_id, MessageKind.MESSAGE_KIND_CREDENTIALS_REISSUED, {}
        )

    async def _record_consent(
        self, tx: Transaction, reach: Reach, candidate: Candidate, verified: Verified
    ) -> None:
        """Keep the consent that was shown on paper, of who may give one for themselves.

        For a child somebody else consents, who is not named at the desk: that consent is given by them in the
        diary, once they are in.
        """
        if Document.CONSENT not in verified.documents or verified.capacity is Capacity.YOUNG_PUPIL:
            return
        await self._neighbours.consents.record_on_paper(
            tx, giver_id=candidate.person_id, subject_id=candidate.person_id, employee_id=reach.issuer_id
        )
