"""Registering persons, and telling a person who they are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncConnection

from school.identity.v1 import events_pb2, people_pb2
from services.identity.keyring import Keyring
from services.identity.links.rules import Provider
from services.identity.people import storage
from services.identity.people.messages import name_message, wire_roles
from services.identity.people.rights import require_registrar
from services.identity.people.rules import (
    FullName,
    Person,
    Role,
    Snils,
    SnilsTaken,
    UnknownPerson,
    require_plausible,
    require_registrable,
)
from services.kit.caller import Caller
from services.kit.clock import Clock
from services.kit.database import Database, Transaction, clash_raises
from services.kit.idempotency import once
from services.kit.ids import new_id
from services.kit.reader import Reader


@dataclass(frozen=True, slots=True)
class NewPerson:
    """What a registrar read in somebody's documents."""

    school_id: UUID
    name: FullName
    birth_date: date
    snils: Snils | None
    roles: frozenset[Role]
    documents_seen: bool = False
    """The SNILS is theirs by documents, whoever else is registered with it."""


@dataclass(frozen=True, slots=True)
class Registered:
    """What became of a registration."""

    person: Person
    disputed: bool
    """Somebody else claims the SNILS: both are in quarantine (A32)."""
    returned: bool
    """The person had left the region, and is in it again."""


class OpenAccount(Protocol):
    """What is done for somebody who has just been registered."""

    async def __call__(
        self, connection: AsyncConnection, account_id: UUID, person_id: UUID, *, at: datetime
    ) -> None:
        """Open an account without login and password."""
        ...


class Quarantine(Protocol):
    """What becomes of several who claim one SNILS (A32)."""

    async def alone(self, tx: Transaction, snils: Snils) -> None:
        """Have others who enter the same SNILS as claimed by several wait for this transaction's end."""
        ...

    async def dispute(self, tx: Transaction, snils: Snils) -> None:
        """Take everybody who is registered with a SNILS into quarantine, and tell their schools."""
        ...


class FindPerson(Protocol):
    """A person beside what only bindings know."""

    async def __call__(
        self, reader: Reader, provider: Provider, *, person_id: UUID, account_id: UUID
    ) -> tuple[Person, bool] | None:
        """The person, and whether a profile is bound to the account; None when there is no such person."""
        ...


class People:
    """What people do with persons.

    Args:
        reader: reads what is asked with every page.
        open_account: the part of accounts when somebody is registered.
        find: the part of bindings when somebody asks who they are.
        quarantine: the part of cases when somebody else is registered with a SNILS.
        same_name: whether two names are the same, by the rules that bind profiles.
        provider: whose profiles are bound here.
        zone: in which a birth date lies in the past.
    """

    def __init__(
        self,
        database: Database,
        reader: Reader,
        keyring: Keyring,
        *,
        open_account: OpenAccount,
        find: FindPerson,
        quarantine: Quarantine,
        same_name: Callable[[FullName, FullName], bool],
        provider: Provider,
        zone: ZoneInfo,
        clock: Clock,
    ) -> None:
        self._database = database
        self._reader = reader
        self._open_account = open_account
        self._find = find
        self._quarantine = quarantine
        self._same_name = same_name
        self._keyring = keyring
        self._provider = provider
        self._zone = zone
        self._clock = clock

    async def me(self, caller: Caller) -> tuple[Person, bool]:
        """The caller, and whether an ESIA profile is bound to their account. Raises `UnknownPerson`."""
        found = await self._find(
            self._reader, self._provider, person_id=caller.person_id, account_id=caller.account_id
        )
        if found is None:
            raise UnknownPerson
        return found

    async def register(self, caller: Caller, new: NewPerson, *, request_id: str) -> Registered:
        """Register a person at the caller's school and open an account for them.

        Who had left the region and shows the same documents is back instead, with the account there was.

        Raises:
            NotTheirSchool: the caller is no registrar of the school.
            BadRoles: a role that no school gives.
            BadBirthDate: nobody alive has it.
            SnilsTaken: another person of the region has this SNILS, and nobody has seen documents.
        """
        require_registrable(new.roles)
        require_plausible(new.birth_date, today=self._clock.today(self._zone))

        async def act() -> people_pb2.RegisterPersonResponse:
            returned = await self._take_back(tx, caller, new)
            person_id = returned or await self._register(tx, caller, new)
            # Only the id is remembered beside the request: names belong in one place.
            return people_pb2.RegisterPersonResponse(
                person=people_pb2.Person(person_id=str(person_id)), returned=returned is not None
            )

        with clash_raises(SnilsTaken, of="people_one_per_snils"):
            async with self._database.transaction() as tx:
                await require_registrar(tx.connection, caller, new.school_id)
                reply = await once(
                    tx,
                    method="RegisterPerson",
                    actor=str(caller.person_id),
                    request_id=request_id,
                    request=self._fingerprint(new),
                    reply_type=people_pb2.RegisterPersonResponse,
                    act=act,
                )
                person = await storage.person(tx.connection, UUID(reply.person.person_id))
                disputed = await storage.is_disputed(tx.connection, UUID(reply.person.person_id))
        if person is None:
            raise UnknownPerson
        return Registered(person, disputed, reply.returned)

    async def _take_back(self, tx: Transaction, caller: Caller, new: NewPerson) -> UUID | None:
        """The same person who had left the region, now with the roles; None when it is somebody new.

        The whole of the documents must agree: a SNILS alone would give a school somebody else's account.
        """
        if new.snils is None:
            return None
        digests = storage.snils_digests(self._keyring, new.snils)
        found = await storage.lock_left(tx.connection, digests, new.birth_date)
        if found is None or not self._same_name(found[1], new.name):
            return None
        person_id = found[0]
        await storage.insert_roles(tx.connection, person_id, new.school_id, new.roles, at=self._clock.now())
        await storage.come_back(tx.connection, person_id)
        version = await storage.next_version(tx.connection, person_id)
        person = await storage.person(tx.connection, person_id)
        if version is None or person is None:
            raise UnknownPerson
        tx.publish(person_registered(person, version=version), aggregate=person_id, version=version)
        _write_down(tx, caller, person_id, "register_again")
        return person_id

    async def _register(self, tx: Transaction, caller: Caller, new: NewPerson) -> UUID:
        taken = await self._is_taken(tx, new)
        now = self._clock.now()
        person = Person(new_id(), new.name, new.roles)
        snils = storage.hide_snils(self._keyring, person.id, new.snils)
        await storage.insert_person(
            tx.connection,
            person,
            birth_date=new.birth_date,
            snils=snils | {"snils_disputed": taken},
            registered_at=now,
        )
        await storage.insert_roles(tx.connection, person.id, new.school_id, new.roles, at=now)
        await self._open_account(tx.connection, new_id(), person.id, at=now)
        tx.publish(person_registered(person, version=1), aggregate=person.id, version=1)
        _write_down(tx, caller, person.id, "register_person")
        if taken and new.snils is not None:
            await self._quarantine.dispute(tx, new.snils)
        return person.id

    async def _is_taken(self, tx: Transaction, new: NewPerson) -> bool:
        """Whether somebody else has the SNILS. Raises `SnilsTaken` unless documents were seen."""
        if new.snils is None:
            return False
        if new.documents_seen:
            await self._quarantine.alone(tx, new.snils)
        digests = storage.snils_digests(self._keyring, new.snils)
        taken = await storage.snils_is_known(tx.connection, digests)
        if taken and not new.documents_seen:
            raise SnilsTaken
        return taken

    def _fingerprint(self, new: NewPerson) -> people_pb2.RegisterPersonRequest:
        """The request as its repetition is recognised.

        With the blind index in place of the SNILS: what is hashed beside it is no secret, so a plain hash of
        the request could be tried out for every SNILS there is.
        """
        index = self._keyring.index(new.snils.digits, kind="snils").digest.hex() if new.snils else ""
        return people_pb2.RegisterPersonRequest(
            school_id=str(new.school_id),
            name=name_message(new.name),
            birth_date=new.birth_date.isoformat(),
            snils=index,
            roles=wire_roles(new.roles),
            documents_seen=new.documents_seen,
        )


def _write_down(tx: Transaction, caller: Caller, person_id: UUID, action: str) -> None:
    tx.audit(
        actor=str(caller.person_id),
        action=action,
        object_kind="person",
        object_id=str(person_id),
        subject=person_id,
    )


def person_registered(person: Person, *, version: int) -> events_pb2.PersonRegistered:
    """The fact that other services keep a copy of."""
    return events_pb2.PersonRegistered(
        person_id=str(person.id),
        display_name=person.name.display,
        roles=wire_roles(person.roles),
        version=version,
    )
