"""Nobody finds out which SNILS are registered: not by asking, not by how long the answer takes (A5)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import insert

from school.access.v1.policy_pb2 import ROLE_GUARDIAN, ROLE_PUPIL
from school.identity.v1 import (
    account_requests_pb2,
    account_requests_pb2_grpc,
    corrections_pb2,
    issuing_pb2,
    people_pb2,
)
from services.gateway.contracts import Rpc, read_rpcs
from services.identity.schools.storage import schools
from services.kit.ids import new_id
from tests.support.identity import BORN, DEADLINE, Town
from tests.support.newcomer import Step, an_email, newcomer

# Anybody may ask for an account, and says whose; the answer is a tracking code.
_OPEN = {"SubmitAccountRequest"}
_FAMILY = {ROLE_PUPIL, ROLE_GUARDIAN}


def fields_of(message: Any) -> Iterator[str]:
    """The names of all texts, also of messages inside."""
    for field in message.fields:
        if field.type == field.TYPE_STRING:
            yield field.name
        if field.message_type is not None and field.message_type.file.package.startswith("school."):
            yield from fields_of(field.message_type)


TAKING = [rpc for rpc in read_rpcs() if "snils" in fields_of(rpc.descriptor.input_type)]


@pytest.mark.parametrize("rpc", TAKING, ids=lambda rpc: rpc.descriptor.name)
def test_a05_a_snils_is_asked_about_by_staff_alone(rpc: Rpc) -> None:
    """A5: of everybody else it is taken from ESIA, which has seen to it that it is theirs."""
    if rpc.descriptor.name in _OPEN:
        return
    assert rpc.policy.WhichOneof("admits") == "any_of"
    assert _FAMILY.isdisjoint(rpc.policy.any_of.roles)


def test_a05_the_contracts_have_such_requests() -> None:
    assert {rpc.descriptor.name for rpc in TAKING} > _OPEN


def test_a05_no_reply_shows_a_whole_snils() -> None:
    """A5: what is shown of one is masked, and called so."""
    shown = {name for rpc in read_rpcs() for name in fields_of(rpc.descriptor.output_type)}

    assert {name for name in shown if "snils" in name} <= {"snils_masked"}


async def test_a05_a_request_for_an_account_tells_nothing_of_the_register(here: Town) -> None:
    """A5: of a SNILS that is registered and of one that is not, the same is told."""
    known, unknown, school = here.snils(), here.snils(), new_id()
    await here.register(snils=known)
    async with here.database.transaction() as tx:
        await tx.execute(
            insert(schools),
            {
                "school_id": school,
                "title": "Школа № 5",
                "zone": "UTC",
                "version": 1,
                "source_event": new_id(),
            },
        )
    stub = account_requests_pb2_grpc.AccountRequestsServiceStub(here.doors.channel)

    replies = []
    for snils in (known, unknown):
        request = account_requests_pb2.SubmitAccountRequestRequest(
            school_id=str(school),
            request_id=str(new_id()),
            name=people_pb2.FullName(surname="Королёва", given_name="Алёна", patronymic="Сергеевна"),
            birth_date=BORN.isoformat(),
            snils=snils,
            capacity=issuing_pb2.ISSUE_CAPACITY_PARENT,
            pupil="Королёв Пётр, 7Б",
            email=an_email(),
            consent=True,
        )
        replies.append(await stub.SubmitAccountRequest(request, timeout=DEADLINE))

    assert replies[0].due_at == replies[1].due_at
    assert len(replies[0].tracking_code) == len(replies[1].tracking_code)


async def test_a05_a_wish_for_somebody_elses_snils_is_taken_like_any_other(here: Town) -> None:
    """A5: that it is taken only the school comes to hear, when it looks at the papers."""
    known, unknown = here.snils(), here.snils()
    await here.register(snils=known)

    states = []
    for snils in (known, unknown):
        person = await newcomer(here, school_id=new_id())
        await person.up_to(Step.ACTIVATION_STEP_DONE)
        request = corrections_pb2.RequestCorrectionRequest(
            request_id=str(new_id()),
            field=corrections_pb2.CORRECTABLE_FIELD_SNILS,
            right_value=snils,
        )
        reply = await person.corrections.RequestCorrection(request, timeout=DEADLINE, metadata=person.signed)
        states.append(reply.correction.state)

    assert states == [corrections_pb2.CORRECTION_STATE_WAITING] * 2
