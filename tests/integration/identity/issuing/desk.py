"""What a registrar does when people leave and come back, and how it is seen from outside."""

from __future__ import annotations

from typing import Any

from school.access.v1.policy_pb2 import Role as WireRole
from school.identity.v1 import (
    events_pb2,
    leaving_pb2,
    leaving_pb2_grpc,
)
from services.identity.people.rules import Role
from services.identity.people.storage import people
from services.kit.ids import new_id
from services.kit.tables import outbox
from tests.integration.identity.issuing.office import Metadata, Office
from tests.integration.identity.issuing.test_blocks import proven
from tests.support.identity import DEADLINE, Registered

PASSWORD = "a long enough one"
PUPIL, GUARDIAN, TEACHER = WireRole.ROLE_PUPIL, WireRole.ROLE_GUARDIAN, WireRole.ROLE_TEACHER


def stub(office: Office) -> leaving_pb2_grpc.LeavingServiceAsyncStub:
    return leaving_pb2_grpc.LeavingServiceStub(office.town.doors.channel)


def registrar(office: Office) -> Metadata:
    return proven(office, office.registrar, WireRole.ROLE_REGISTRAR)


async def end(
    office: Office,
    person: Registered,
    *roles: WireRole.ValueType,
    by: Metadata | None = None,
    why: str = "Переехали",
) -> leaving_pb2.RolesAtSchool:
    request = leaving_pb2.EndRolesRequest(
        school_id=str(office.school_id), person_id=str(person.person_id), roles=roles, reason=why
    )
    reply = await stub(office).EndRoles(request, timeout=DEADLINE, metadata=by or registrar(office))
    return reply.person


async def give_back(
    office: Office, person: Registered, *roles: WireRole.ValueType, why: str = "Ошиблись"
) -> leaving_pb2.RolesAtSchool:
    request = leaving_pb2.GiveRolesBackRequest(
        school_id=str(office.school_id), person_id=str(person.person_id), roles=roles, reason=why
    )
    reply = await stub(office).GiveRolesBack(request, timeout=DEADLINE, metadata=registrar(office))
    return reply.person


async def former(office: Office, *, size: int = 0, token: str = "") -> leaving_pb2.ListFormerPeopleResponse:
    request = leaving_pb2.ListFormerPeopleRequest(
        school_id=str(office.school_id), page_size=size, page_token=token
    )
    return await stub(office).ListFormerPeople(request, timeout=DEADLINE, metadata=office.by_registrar)


async def status(office: Office, person: Registered) -> str:
    [row] = await office.town.rows(people, people.c.id == person.person_id)
    return str(row.status)


async def facts(office: Office, person: Registered) -> list[tuple[int, list[int]]]:
    """Versions and roles of the person, as other services were told."""
    name = events_pb2.PersonRegistered.DESCRIPTOR.full_name
    rows = await office.town.rows(
        outbox, outbox.c.type == name, outbox.c.aggregate_id == str(person.person_id)
    )
    told = [events_pb2.PersonRegistered.FromString(row.payload) for row in sorted(rows, key=lambda r: r.id)]
    return [(each.version, list(each.roles)) for each in told]


async def teacher(office: Office, **more: Any) -> tuple[Registered, str]:
    """Somebody who is a teacher here and nothing else, and enters by a password."""
    login = f"teacher-{new_id()}"
    person = await office.town.register(
        "Орлов Олег",
        roles={office.school_id: frozenset({Role.TEACHER})},
        login=login,
        password=PASSWORD,
        **more,
    )
    return person, login
