"""What the registrar and the homeroom teacher do at the desk."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Final, Protocol
from uuid import UUID

from google.protobuf.message import Message
from sqlalchemy.ext.asyncio import AsyncConnection

from school.identity.v1 import issuing_pb2
from services.identity.binding.rules.names import Likeness, compare
from services.identity.issuing.rules.people import (
    ApplicationChannel,
    Candidate,
    Capacity,
    CredentialsState,
    Document,
    Reach,
    capacities,
    may_open,
)
from services.identity.issuing.rules.refusals import NotTheirClass, SearchTooWide, SlipShown, UnknownClass
from services.identity.issuing.rules.slips import Slip
from services.identity.issuing.storage import issues
from services.identity.issuing.storage import people as storage
from services.identity.issuing.storage.people import ClassCounts
from services.identity.issuing.usecases.desk import Desk, NewPassword, Verified
from services.identity.keyring import Keyring
from services.identity.people.rules import FullName, Snils
from services.identity.people.storage import snils_digests
from services.identity.schools import storage as schools
from services.identity.schools.storage import SchoolClass
from services.kit.caller import Caller
from services.kit.clock import Clock
from services.kit.database import Database, Transaction
from services.kit.idempotency import once

_MOST_SHOWN: Final = 10


@dataclass(frozen=True, slots=True)
class Seen:
    """A person as the issuer sees them."""

    candidate: Candidate
    state: CredentialsState
    capacities: tuple[Capacity, ...]
    school_id: UUID
    birth_date_differs: bool = False
    """From the one that was searched for; the SNILS is theirs."""
    snils_differs: bool = False
    """From the one that was searched for; the birth date is theirs."""
    may_open: bool = False
    """The account is blocked, and it is the issuer's to open."""


@dataclass(frozen=True, slots=True)
class Search:
    """What somebody's documents say; shows nothing of it when printed."""

    name: FullName
    birth_date: date | None = field(repr=False)
    snils_digests: frozenset[bytes] = field(repr=False)
    """What the register may hold for the SNILS; empty when none was given."""

    def describes(self, candidate: Candidate) -> bool:
        """Whether the name is theirs, and the birth date or the SNILS."""
        alike = compare(self.name, candidate.name) in {Likeness.SAME, Likeness.SILENT_ON_PATRONYMIC}
        return alike and (
            candidate.birth_date == self.birth_date or candidate.snils_index in self.snils_digests
        )

    def birth_date_differs(self, candidate: Candidate) -> bool:
        """Whether the documents have another birth date than the register."""
        return self.birth_date not in {None, candidate.birth_date}

    def snils_differs(self, candidate: Candidate) -> bool:
        """Whether the documents have another SNILS than the register; it may have none."""
        registered = candidate.snils_index
        return bool(self.snils_digests) and registered is not None and registered not in self.snils_digests


@dataclass(frozen=True, slots=True)
class Wish:
    """To whom credentials are to be given, and what was verified."""

    school_id: UUID
    person_id: UUID
    capacity: Capacity
    documents: frozenset[Document]
    channel: ApplicationChannel
    account_request_id: UUID | None
    reissue_reason: str | None


class AnswersRequests(Protocol):
    """Knows the electronic requests that wait to be answered by issuing."""

    async def answer(
        self, tx: Transaction, *, school_id: UUID, account_request_id: UUID, person_id: UUID, by: UUID
    ) -> None:
        """Close an accepted request: the credentials are issued now.

        Raises:
            UnknownRequest: the school has no such request.
            RequestNotAccepted: it was not accepted for this person.
        """
        ...


class Issuing:
    """Finding people, and giving them credentials one by one."""

    def __init__(
        self, database: Database, desk: Desk, requests: AnswersRequests, keyring: Keyring, clock: Clock
    ) -> None:
        self._database = database
        self._desk = desk
        self._requests = requests
        self._keyring = keyring
        self._clock = clock

    def search(self, name: FullName, birth_date: date | None, snils: Snils | None) -> Search:
        """A search for the person whose documents say this.

        Raises:
            SearchTooWide: surname or given name, or both of birth date and SNILS are missing.
        """
        if not (name.surname and name.given_name) or (birth_date is None and snils is None):
            raise SearchTooWide
        return Search(name, birth_date, frozenset(snils_digests(self._keyring, snils) if snils else ()))

    async def find(self, caller: Caller, school_id: UUID, search: Search) -> list[Seen]:
        """The persons of a school whom documents describe, in the caller's reach; ten at the most.

        Raises `NotTheirSchool` when the caller is neither registrar nor teacher there.
        """
        async with self._database.read() as connection:
            today = await self._desk.today(connection, school_id)
            reach = await self._desk.reach_of(connection, caller, school_id, today=today)
            [found] = await self.matching(connection, reach, [search], today=today)
        return found[:_MOST_SHOWN]

    async def matching(
        self, connection: AsyncConnection, reach: Reach, searches: Sequence[Search], *, today: date
    ) -> list[list[Seen]]:
        """The persons in reach whom documents describe, by name, for each of the searches."""
        ids = await storage.find(
            connection,
            reach.school_id,
            birth_dates={search.birth_date for search in searches if search.birth_date},
            snils_digests={digest for search in searches for digest in search.snils_digests},
            today=today,
        )
        known = await storage.candidates(connection, reach.school_id, ids, today=today)
        here = [seen for seen in map(reach.sees, sorted(known.values(), key=_by_name)) if seen is not None]
        return [
            [
                replace(
                    self._seen(each, reach, today),
                    birth_date_differs=search.birth_date_differs(each),
                    snils_differs=search.snils_differs(each),
                )
                for each in here
                if search.describes(each)
            ]
            for search in searches
        ]

    async def person(self, caller: Caller, school_id: UUID, person_id: UUID) -> Seen:
        """One person in the caller's reach. Raises `NotTheirSchool`, `NotTheirClass`, `UnknownPerson`."""
        async with self._database.read() as connection:
            today = await self._desk.today(connection, school_id)
            reach = await self._desk.reach_of(connection, caller, school_id, today=today)
            known = await storage.candidates(connection, school_id, [person_id], today=today)
        return self._seen(reach.require(known.get(person_id)), reach, today)

    async def classes(self, caller: Caller, school_id: UUID) -> list[tuple[SchoolClass, ClassCounts]]:
        """The classes for which the caller can issue, by grade and title. Raises `NotTheirSchool`."""
        async with self._database.read() as connection:
            today = await self._desk.today(connection, school_id)
            reach = await self._desk.reach_of(connection, caller, school_id, today=today)
            own = (
                await schools.classes_of_school(connection, school_id, today=today)
                if reach.whole
                else await schools.classes_of_homeroom_teacher(
                    connection, school_id, caller.person_id, today=today
                )
            )
            counts = await storage.class_counts(connection, [each.id for each in own], today=today)
        return [(each, counts.get(each.id, ClassCounts())) for each in own]

    async def class_people(self, caller: Caller, school_id: UUID, class_id: UUID) -> list[Seen]:
        """The pupils of a class by name, each followed by those who stand for them.

        Raises:
            NotTheirSchool, NotTheirClass: it is not in the caller's reach.
            UnknownClass: the school has no such class.
        """
        async with self._database.read() as connection:
            today = await self._desk.today(connection, school_id)
            reach = await self._desk.reach_of(connection, caller, school_id, today=today)
            await require_class(connection, reach, class_id)
            listed = await class_list(connection, reach, class_id, today=today)
        return [self._seen(each, reach, today) for each in listed]

    async def issue(self, caller: Caller, wish: Wish, *, request_id: str, request: Message) -> Slip:
        """Give a person credentials; the slip is shown once.

        Args:
            caller: the verifying employee.
            wish: to whom, and what was verified.
            request_id: chosen by the client.
            request: by which a repetition is recognised.

        Raises:
            NotTheirSchool, NotTheirClass, UnknownPerson: the person is not in the caller's reach.
            OwnCredentials, EmployeeAccount, AccountBlocked: nobody, or somebody else, gives to this person.
            TooYoung, WrongCapacity, DocumentsMissing: the documents do not do.
            IssuedBefore: there are credentials, and no reason to issue anew.
            IssuedElsewhere: the credentials that there were are another school's.
            UnknownRequest, RequestNotAccepted: the electronic request is not one for this person.
            SlipShown: the same request was answered before.
        """
        async with self._database.read() as connection:
            today = await self._desk.today(connection, wish.school_id)
            reach = await self._desk.reach_of(connection, caller, wish.school_id, today=today)
            await self._desk.see(connection, reach, wish.person_id, today=today)
        password = await self._desk.new_password()
        slips: list[Slip] = []

        async def act() -> issuing_pb2.IssueCredentialsResponse:
            slips.append(await self._issue(tx, caller, wish, password))
            # Remembered is that there was an answer, never the answer.
            return issuing_pb2.IssueCredentialsResponse()

        async with self._database.transaction() as tx:
            await once(
                tx,
                method="IssueCredentials",
                actor=str(caller.person_id),
                request_id=request_id,
                request=request,
                reply_type=issuing_pb2.IssueCredentialsResponse,
                act=act,
            )
        if not slips:
            raise SlipShown
        return slips[0]

    async def _issue(self, tx: Transaction, caller: Caller, wish: Wish, password: NewPassword) -> Slip:
        await issues.lock_account(tx.connection, wish.person_id)
        today = await self._desk.today(tx.connection, wish.school_id)
        reach = await self._desk.reach_of(tx.connection, caller, wish.school_id, today=today)
        candidate = await self._desk.see(tx.connection, reach, wish.person_id, today=today)
        verified = Verified(
            wish.capacity, wish.documents, wish.channel, wish.account_request_id, wish.reissue_reason
        )
        if wish.account_request_id is not None:
            await self._requests.answer(
                tx,
                school_id=wish.school_id,
                account_request_id=wish.account_request_id,
                person_id=wish.person_id,
                by=caller.person_id,
            )
        given = await self._desk.give(tx, reach, candidate, verified, password, today=today)
        return slip_of(candidate, given.login, password.clear, given.expires_at)

    def _seen(self, candidate: Candidate, reach: Reach, today: date) -> Seen:
        state = candidate.account.state(self._clock.now())
        able = capacities(candidate, reach, today)
        return Seen(candidate, state, able, reach.school_id, may_open=may_open(candidate, reach))


def slip_of(candidate: Candidate, login: str, password: str, expires_at: datetime) -> Slip:
    """The slip of a person."""
    classes = ", ".join(place.title for place in candidate.classes)
    return Slip(candidate.person_id, candidate.name, classes, login, password, expires_at)


def require_in_reach(reach: Reach, class_id: UUID) -> None:
    """Raises `NotTheirClass` when it is not the homeroom teacher's own."""
    if reach.class_ids is not None and class_id not in reach.class_ids:
        raise NotTheirClass


async def require_class(connection: AsyncConnection, reach: Reach, class_id: UUID) -> SchoolClass:
    """The class, if it is in reach.

    Raises:
        NotTheirClass: it is not the homeroom teacher's own.
        UnknownClass: the school has no such class.
    """
    require_in_reach(reach, class_id)
    found = await schools.school_class(connection, reach.school_id, class_id)
    if found is None:
        raise UnknownClass
    return found


async def class_list(
    connection: AsyncConnection, reach: Reach, class_id: UUID, *, today: date
) -> list[Candidate]:
    """The pupils of a class by name, each followed by those who stand for them; everybody once."""
    pupil_ids = await schools.members(connection, class_id, today=today)
    standing = await storage.guardians(connection, pupil_ids, today=today)
    everybody = {*pupil_ids, *(each for guardians in standing.values() for each in guardians)}
    known = await storage.candidates(connection, reach.school_id, everybody, today=today)
    listed: dict[UUID, Candidate] = {}
    for pupil in _sorted(known, pupil_ids):
        for each in (pupil, *_sorted(known, standing.get(pupil.person_id, ()))):
            seen = reach.sees(each)
            if seen is not None:
                listed.setdefault(each.person_id, seen)
    return list(listed.values())


def _sorted(known: Mapping[UUID, Candidate], ids: Iterable[UUID]) -> list[Candidate]:
    return sorted((known[each] for each in ids if each in known), key=_by_name)


def _by_name(candidate: Candidate) -> tuple[str, UUID]:
    return candidate.name.display.casefold().replace("ё", "е"), candidate.person_id
