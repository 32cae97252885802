"""A school's registrar, or the region's operator, at the queue of cases."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from school.identity.v1 import cases_pb2, cases_pb2_grpc, sessions_pb2
from services.identity.people.rules import Role
from services.identity.people.storage import WHOLE_REGION
from services.kit.ids import new_id
from tests.support.identity import DEADLINE, Registered, Town, bearer, reason

GUARDIAN = frozenset({Role.GUARDIAN})
Resolution = cases_pb2.CaseResolution


@dataclass
class CaseDesk:
    """Somebody who settles cases."""

    school_id: UUID
    registered: Registered
    session: sessions_pb2.Session
    stub: cases_pb2_grpc.CasesServiceAsyncStub
    snils: str

    async def waiting(self, *, size: int = 0, token: str = "") -> cases_pb2.ListSchoolCasesResponse:
        """The queue of the school."""
        request = cases_pb2.ListSchoolCasesRequest(
            school_id=str(self.school_id), page_size=size, page_token=token
        )
        return await self.stub.ListSchoolCases(request, timeout=DEADLINE, metadata=bearer(self.session))

    async def in_region(self, *, size: int = 0, token: str = "") -> cases_pb2.ListRegionCasesResponse:
        """The queue of the region."""
        request = cases_pb2.ListRegionCasesRequest(page_size=size, page_token=token)
        return await self.stub.ListRegionCases(request, timeout=DEADLINE, metadata=bearer(self.session))

    async def one(self, case_id: str) -> cases_pb2.Case:
        """One case."""
        request = cases_pb2.GetCaseRequest(case_id=case_id)
        reply = await self.stub.GetCase(request, timeout=DEADLINE, metadata=bearer(self.session))
        return reply.case

    async def settle(
        self,
        case_id: str,
        resolution: Resolution.ValueType,
        *,
        why: str = "",
        person_id: UUID | str = "",
    ) -> cases_pb2.Case:
        """Settle one."""
        request = cases_pb2.ResolveCaseRequest(
            case_id=case_id, resolution=resolution, reason=why, person_id=str(person_id)
        )
        reply = await self.stub.ResolveCase(request, timeout=DEADLINE, metadata=bearer(self.session))
        return reply.case


async def case_desk(here: Town, school_id: UUID | None = None, *, operator: bool = False) -> CaseDesk:
    """A registrar of a school, or the operator, who enters through ESIA: nothing is owed there."""
    school_id, snils = school_id or new_id(), here.snils()
    roles = (
        {WHOLE_REGION: frozenset({Role.OPERATOR})} if operator else {school_id: frozenset({Role.REGISTRAR})}
    )
    registered = await here.register("Зайцева Вера Павловна", snils=snils, roles=roles)
    entered = await here.doors.enter(here.citizen("Зайцева Вера Павловна", snils=snils))
    stub = cases_pb2_grpc.CasesServiceStub(here.doors.channel)
    return CaseDesk(school_id, registered, entered.session, stub, snils)


async def refused_by_name(
    here: Town,
    *schools: UUID,
    registered: str = "Королёва Алёна Сергеевна",
    at_esia: str = "Лебедева Алёна Сергеевна",
) -> tuple[Registered, str]:
    """Somebody whose name at ESIA is another one than at the schools, and who tried to enter; the SNILS."""
    snils = here.snils()
    person = await here.register(
        registered, snils=snils, roles=dict.fromkeys(schools or (new_id(),), GUARDIAN)
    )
    redirect = await here.doors.back_from_esia(here.citizen(at_esia, snils=snils))
    assert await reason(here.doors.complete(redirect)) == "NAME_DIFFERS"
    return person, snils
