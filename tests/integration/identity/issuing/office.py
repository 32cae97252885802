"""A school's office: classes, families, a registrar and homeroom teachers, each of a test's own."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from google.protobuf.json_format import MessageToDict
from sqlalchemy import insert

from school.access.v1.policy_pb2 import Role as WireRole
from school.identity.v1 import (
    account_requests_pb2_grpc,
    events_pb2,
    issuing_pb2,
    issuing_pb2_grpc,
    people_pb2,
)
from services.identity.accounts.storage import accounts
from services.identity.families.storage import relations
from services.identity.issuing.rules.people import CHECKLIST, Capacity
from services.identity.people.rules import Role
from services.identity.people.storage import person_roles
from services.identity.schools.storage import classes, memberships, schools
from services.kit.ids import new_id
from services.kit.tables import outbox
from tests.support.identity import DEADLINE, Registered, Town
from tests.support.keys import Keys

ADDRESS_KEY = "x-client-address"
Metadata = tuple[tuple[str, str], ...]


@dataclass
class Office:
    """One school in the town, with the class 7Б of one homeroom teacher."""

    town: Town
    keys: Keys
    registrar: Registered
    teacher: Registered
    school_id: UUID = field(default_factory=new_id)
    class_id: UUID = field(default_factory=new_id)

    @property
    def issuing(self) -> issuing_pb2_grpc.IssuingServiceAsyncStub:
        """The service, as the gateway sees it."""
        return issuing_pb2_grpc.IssuingServiceStub(self.town.doors.channel)

    @property
    def requests(self) -> account_requests_pb2_grpc.AccountRequestsServiceAsyncStub:
        """The service of electronic requests."""
        return account_requests_pb2_grpc.AccountRequestsServiceStub(self.town.doors.channel)

    @property
    def today(self) -> date:
        """The date in the school's zone."""
        return self.town.clock.now().date()

    def by(self, person: Registered, *roles: WireRole.ValueType) -> Metadata:
        """The metadata of a caller who acts in these roles, at the clock's present moment."""
        token, _ = self.keys.issuer(clock=self.town.clock).issue(
            person_id=person.person_id,
            account_id=person.account_id,
            session_id=new_id(),
            roles=frozenset(roles),
        )
        return (("authorization", f"Bearer {token}"),)

    @property
    def by_registrar(self) -> Metadata:
        """The registrar calls."""
        return self.by(self.registrar, WireRole.ROLE_REGISTRAR)

    @property
    def by_teacher(self) -> Metadata:
        """The homeroom teacher of 7Б calls."""
        return self.by(self.teacher, WireRole.ROLE_TEACHER)

    async def pupil(
        self,
        name: str = "Ёлкин Пётр Ильич",
        *,
        age: int = 13,
        born: date | None = None,
        class_id: UUID | None = None,
        **more: Any,
    ) -> Registered:
        """A pupil of the school, in 7Б unless another class is named."""
        born = born or self.today - timedelta(days=round(age * 365.25) + 30)
        registered = await self.town.register(
            name, birth_date=born, roles={self.school_id: frozenset({Role.PUPIL})}, **more
        )
        await self.write(
            memberships,
            membership_id=new_id(),
            class_id=class_id or self.class_id,
            school_id=self.school_id,
            pupil_id=registered.person_id,
            valid_from=self.today - timedelta(days=30),
        )
        return registered

    async def guardian_of(
        self,
        *pupils: Registered,
        name: str = "Ёлкина Мария Олеговна",
        kind: str = "PARENT",
        roles: Iterable[Role] = (Role.GUARDIAN,),
        **more: Any,
    ) -> Registered:
        """Somebody who stands for these pupils since a month."""
        guardian = await self.town.register(name, roles={self.school_id: frozenset(roles)}, **more)
        for pupil in pupils:
            await self.relate(guardian, pupil, kind=kind)
        return guardian

    async def relate(self, guardian: Registered, pupil: Registered, *, kind: str = "PARENT") -> None:
        """Somebody registered anywhere stands for a pupil of the school since a month."""
        await self.write(
            relations,
            id=new_id(),
            guardian_id=guardian.person_id,
            pupil_id=pupil.person_id,
            school_id=self.school_id,
            kind=kind,
            valid_from=self.today - timedelta(days=30),
            registered_at=self.town.clock.now(),
        )

    async def employ(self, person: Registered, role: Role) -> None:
        """Somebody registered anywhere works at the school as well."""
        await self.write(
            person_roles,
            person_id=person.person_id,
            school_id=self.school_id,
            role=role,
            granted_at=self.town.clock.now(),
        )

    async def add_class(self, title: str, teacher: Registered | None = None) -> UUID:
        """Another class of the school."""
        class_id = new_id()
        await self.write(
            classes,
            class_id=class_id,
            school_id=self.school_id,
            title=title,
            grade=int(title[:-1]),
            homeroom_teacher_id=teacher.person_id if teacher else None,
        )
        return class_id

    async def employee(self, *roles: Role, name: str = "Орлова Вера Ильинична") -> Registered:
        """Somebody who works at the school."""
        return await self.town.register(name, roles={self.school_id: frozenset(roles)})

    async def write(self, table: Any, **row: Any) -> None:
        """One row; copies of the diary's facts are at their first version."""
        known = {"version": 1, "source_event": new_id()}
        row = {name: value for name, value in known.items() if name in table.c} | row
        async with self.town.database.transaction() as tx:
            await tx.execute(insert(table), row)

    def wish(self, person: Registered, capacity: Capacity, /, **changes: Any) -> Any:
        """A request to issue to somebody, with all documents, on paper."""
        documents = [issuing_pb2.Document.Value(f"DOCUMENT_{each}") for each in sorted(CHECKLIST[capacity])]
        wish: dict[str, Any] = {
            "school_id": str(self.school_id),
            "person_id": str(person.person_id),
            "request_id": str(new_id()),
            "capacity": f"ISSUE_CAPACITY_{capacity}",
            "documents": documents,
            "channel": issuing_pb2.ApplicationChannel.APPLICATION_CHANNEL_PAPER,
        }
        return issuing_pb2.IssueCredentialsRequest(**(wish | changes))

    async def issue(
        self, person: Registered, capacity: Capacity, /, *, by: Metadata | None = None, **changes: Any
    ) -> issuing_pb2.Slip:
        """Issue to somebody, by the registrar unless somebody else is named."""
        reply = await self.issuing.IssueCredentials(
            self.wish(person, capacity, **changes), timeout=DEADLINE, metadata=by or self.by_registrar
        )
        return reply.slip

    async def find(self, *, by: Metadata | None = None, **said: Any) -> list[issuing_pb2.IssuePerson]:
        """Look for somebody by what their documents say."""
        name = people_pb2.FullName(**said.pop("name", {}))
        request = issuing_pb2.FindPeopleRequest(school_id=str(self.school_id), name=name, **said)
        reply = await self.issuing.FindPeople(request, timeout=DEADLINE, metadata=by or self.by_registrar)
        return list(reply.people)

    async def account(self, person: Registered) -> Any:
        """The account as it lies in the table."""
        [row] = await self.town.rows(accounts, accounts.c.id == person.account_id)
        return row

    async def messages(self, kind: events_pb2.MessageKind.ValueType) -> list[dict[str, Any]]:
        """The messages of a kind that were sealed to notifications, opened, in order."""
        name = events_pb2.MessageSealed.DESCRIPTOR.full_name
        rows = await self.town.rows(outbox, outbox.c.type == name)
        sealed = [
            events_pb2.MessageSealed.FromString(row.payload) for row in sorted(rows, key=lambda r: r.id)
        ]
        return [
            MessageToDict(each) | {"opened": self.town.unsealer.open(each.sealed).decode()}
            for each in sealed
            if each.kind == kind
        ]


async def open_office(town: Town, keys: Keys) -> Office:
    """A new school with its class, registrar and homeroom teacher."""
    school_id = new_id()
    registrar = await town.register("Логинова Тамара", roles={school_id: frozenset({Role.REGISTRAR})})
    teacher = await town.register("Белозёрова Марина", roles={school_id: frozenset({Role.TEACHER})})
    office = Office(town, keys, registrar, teacher, school_id)
    await office.write(schools, school_id=school_id, title="Школа № 12", zone="UTC")
    office.class_id = await office.add_class("7Б", teacher)
    return office


def person_ids(people: Sequence[issuing_pb2.IssuePerson]) -> list[UUID]:
    """The ids of persons as they are listed."""
    return [UUID(person.person_id) for person in people]
