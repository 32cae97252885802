"""Who gives and takes staff roles, signed in."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID, uuid4

from school.access.v1.policy_pb2 import Role as WireRole
from school.identity.v1 import people_pb2, sessions_pb2, staff_pb2, staff_pb2_grpc
from services.identity.people.rules import Role
from services.identity.people.storage import WHOLE_REGION, person_roles
from tests.support.identity import DEADLINE, Doors, Registered, Town, bearer

PASSWORD = "a long enough one"
EVERY_ROLE = [role for role in WireRole.values() if role]
AT_SCHOOLS = {WireRole.ROLE_TEACHER, WireRole.ROLE_REGISTRAR, WireRole.ROLE_SCHOOL_ADMINISTRATOR}
IN_REGION = {WireRole.ROLE_AUTHORITY, WireRole.ROLE_OPERATOR}
BY_ADMINISTRATOR = {WireRole.ROLE_TEACHER, WireRole.ROLE_REGISTRAR}


@dataclass
class Chief:
    """Somebody who gives and takes roles, signed in."""

    stub: staff_pb2_grpc.StaffServiceAsyncStub
    session: sessions_pb2.Session
    person: Registered
    school: UUID

    async def grant(
        self,
        person: UUID,
        role: WireRole.ValueType,
        school: UUID | None = None,
        *,
        request_id: str | None = None,
    ) -> staff_pb2.StaffMember:
        call = staff_pb2.GrantStaffRoleRequest(
            request_id=request_id or uuid4().hex,
            person_id=str(person),
            school_id=str(school) if school else "",
            role=role,
        )
        reply = await self.stub.GrantStaffRole(call, timeout=DEADLINE, metadata=bearer(self.session))
        return reply.member

    async def revoke(
        self, person: UUID, role: WireRole.ValueType, school: UUID | None = None, why: str = ""
    ) -> staff_pb2.StaffMember:
        call = staff_pb2.RevokeStaffRoleRequest(
            request_id=uuid4().hex,
            person_id=str(person),
            school_id=str(school) if school else "",
            role=role,
            reason=why,
        )
        reply = await self.stub.RevokeStaffRole(call, timeout=DEADLINE, metadata=bearer(self.session))
        return reply.member

    async def staff(
        self, school: UUID | None, *, size: int = 0, token: str = ""
    ) -> staff_pb2.ListStaffResponse:
        call = staff_pb2.ListStaffRequest(
            school_id=str(school) if school else "", page_size=size, page_token=token
        )
        return await self.stub.ListStaff(call, timeout=DEADLINE, metadata=bearer(self.session))

    async def find(
        self, school: UUID | None, surname: str, given: str, patronymic: str = "", **known: str
    ) -> list[str]:
        name = people_pb2.FullName(surname=surname, given_name=given, patronymic=patronymic)
        call = staff_pb2.FindStaffCandidatesRequest(
            school_id=str(school) if school else "", name=name, **known
        )
        reply = await self.stub.FindStaffCandidates(call, timeout=DEADLINE, metadata=bearer(self.session))
        return [member.person_id for member in reply.members]

    async def member(self, person: UUID, school: UUID | None) -> staff_pb2.StaffMember:
        call = staff_pb2.GetStaffMemberRequest(person_id=str(person), school_id=str(school) if school else "")
        reply = await self.stub.GetStaffMember(call, timeout=DEADLINE, metadata=bearer(self.session))
        return reply.member


async def chief(here: Town, doors: Doors, role: Role, school: UUID | None = None) -> Chief:
    """An operator, or the administrator of a school."""
    login, place = f"chief-{here.snils()}", school or uuid4()
    where = WHOLE_REGION if role in {Role.OPERATOR, Role.AUTHORITY} else place
    person = await here.register(login=login, password=PASSWORD, roles={where: frozenset({role})})
    session = (await doors.enter_with_password(login, PASSWORD)).session
    return Chief(staff_pb2_grpc.StaffServiceStub(doors.channel), session, person, place)


async def held(here: Town, person: UUID) -> set[tuple[UUID, str]]:
    rows = await here.rows(person_roles, person_roles.c.person_id == person)
    return {(row.school_id, row.role) for row in rows}


def url_of(here: Town) -> str:
    return here.database._engine.url.render_as_string(hide_password=False)


def roles_of(member: staff_pb2.StaffMember) -> set[WireRole.ValueType]:
    return {post.role for post in member.posts}
