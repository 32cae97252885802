"""A registrar who decides corrections, and what their tests have in common."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from school.identity.v1 import corrections_pb2, corrections_pb2_grpc, sessions_pb2
from services.identity.people.rules import Role
from services.kit.ids import new_id
from tests.support.identity import DEADLINE, Registered, Town, bearer
from tests.support.newcomer import Newcomer

SURNAME = corrections_pb2.CORRECTABLE_FIELD_SURNAME
GIVEN_NAME = corrections_pb2.CORRECTABLE_FIELD_GIVEN_NAME
PATRONYMIC = corrections_pb2.CORRECTABLE_FIELD_PATRONYMIC
BIRTH_DATE = corrections_pb2.CORRECTABLE_FIELD_BIRTH_DATE
SNILS = corrections_pb2.CORRECTABLE_FIELD_SNILS
WAITING = corrections_pb2.CORRECTION_STATE_WAITING
ACCEPTED = corrections_pb2.CORRECTION_STATE_ACCEPTED
REFUSED = corrections_pb2.CORRECTION_STATE_REFUSED
WITHDRAWN = corrections_pb2.CORRECTION_STATE_WITHDRAWN


@dataclass
class Office:
    """A school's registrar at work."""

    school_id: UUID
    registered: Registered
    session: sessions_pb2.Session
    stub: corrections_pb2_grpc.CorrectionsServiceAsyncStub

    async def waiting(
        self, *, size: int = 0, token: str = ""
    ) -> corrections_pb2.ListSchoolCorrectionsResponse:
        request = corrections_pb2.ListSchoolCorrectionsRequest(
            school_id=str(self.school_id), page_size=size, page_token=token
        )
        return await self.stub.ListSchoolCorrections(request, timeout=DEADLINE, metadata=bearer(self.session))

    async def accept(self, correction_id: str) -> corrections_pb2.Correction:
        request = corrections_pb2.AcceptCorrectionRequest(
            school_id=str(self.school_id), correction_id=correction_id
        )
        reply = await self.stub.AcceptCorrection(request, timeout=DEADLINE, metadata=bearer(self.session))
        return reply.correction

    async def refuse(self, correction_id: str, why: str = "В паспорте иначе") -> corrections_pb2.Correction:
        request = corrections_pb2.RefuseCorrectionRequest(
            school_id=str(self.school_id), correction_id=correction_id, reason=why
        )
        reply = await self.stub.RefuseCorrection(request, timeout=DEADLINE, metadata=bearer(self.session))
        return reply.correction


async def office(here: Town, school_id: UUID | None = None) -> Office:
    """A school and its registrar, who enters through ESIA: nothing is owed there."""
    school_id, snils = school_id or new_id(), here.snils()
    registered = await here.register(
        "Зайцева Вера Павловна", snils=snils, roles={school_id: frozenset({Role.REGISTRAR})}
    )
    entered = await here.doors.enter(here.citizen("Зайцева Вера Павловна", snils=snils))
    stub = corrections_pb2_grpc.CorrectionsServiceStub(here.doors.channel)
    return Office(school_id, registered, entered.session, stub)


async def ask(
    person: Newcomer,
    field: corrections_pb2.CorrectableField.ValueType,
    value: str,
    *,
    comment: str = "",
    request_id: str = "",
) -> corrections_pb2.Correction:
    request = corrections_pb2.RequestCorrectionRequest(
        request_id=request_id or new_id().hex, field=field, right_value=value, comment=comment
    )
    reply = await person.corrections.RequestCorrection(request, timeout=DEADLINE, metadata=person.signed)
    return reply.correction


async def mine(person: Newcomer) -> list[corrections_pb2.Correction]:
    request = corrections_pb2.ListMyCorrectionsRequest()
    reply = await person.corrections.ListMyCorrections(request, timeout=DEADLINE, metadata=person.signed)
    return list(reply.corrections)


async def withdraw(person: Newcomer, correction_id: str) -> corrections_pb2.Correction:
    request = corrections_pb2.WithdrawCorrectionRequest(correction_id=correction_id)
    reply = await person.corrections.WithdrawCorrection(request, timeout=DEADLINE, metadata=person.signed)
    return reply.correction
