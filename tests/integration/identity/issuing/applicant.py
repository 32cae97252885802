"""A parent who asks for an account from home, and the registrar who decides."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

import grpc

from school.identity.v1 import account_requests_pb2 as wire
from school.identity.v1 import events_pb2, issuing_pb2
from services.kit.ids import new_id
from services.kit.rpc.status import refusal
from tests.integration.identity.issuing.office import ADDRESS_KEY, Metadata, Office
from tests.support.identity import DEADLINE

STATES = wire.AccountRequestState
KINDS = events_pb2.MessageKind
PARENT = issuing_pb2.IssueCapacity.ISSUE_CAPACITY_PARENT


def wish(office: Office, **changes: Any) -> wire.SubmitAccountRequestRequest:
    said: dict[str, Any] = {
        "school_id": str(office.school_id),
        "request_id": str(new_id()),
        "name": {"surname": "Ёлкина", "given_name": "Мария", "patronymic": "Олеговна"},
        "birth_date": "1986-04-12",
        "capacity": PARENT,
        "pupil": "Ёлкин Пётр, 7Б",
        "email": f"maria-{new_id()}@example.org",
        "consent": True,
    }
    return wire.SubmitAccountRequestRequest(**(said | changes))


async def submit(office: Office, *, address: str = "", **changes: Any) -> wire.SubmitAccountRequestResponse:
    return await office.requests.SubmitAccountRequest(
        wish(office, **changes), timeout=DEADLINE, metadata=at(address)
    )


async def track(office: Office, code: str, *, address: str = "") -> wire.AccountRequest:
    request = wire.TrackAccountRequestRequest(tracking_code=code)
    reply = await office.requests.TrackAccountRequest(request, timeout=DEADLINE, metadata=at(address))
    return reply.account_request


async def withdraw(office: Office, code: str) -> wire.AccountRequest:
    request = wire.WithdrawAccountRequestRequest(tracking_code=code)
    return (await office.requests.WithdrawAccountRequest(request, timeout=DEADLINE)).account_request


async def listed(office: Office, *, by: Metadata | None = None, **page: Any) -> Any:
    request = wire.ListAccountRequestsRequest(school_id=str(office.school_id), **page)
    return await office.requests.ListAccountRequests(
        request, timeout=DEADLINE, metadata=by or office.by_registrar
    )


async def accept(
    office: Office, request_id: str, person_id: UUID, *, by: Metadata | None = None
) -> wire.AccountRequest:
    request = wire.AcceptAccountRequestRequest(
        school_id=str(office.school_id), account_request_id=request_id, person_id=str(person_id)
    )
    reply = await office.requests.AcceptAccountRequest(
        request, timeout=DEADLINE, metadata=by or office.by_registrar
    )
    return reply.account_request


async def refuse(office: Office, request_id: str, why: str = "нет связи с учеником") -> wire.AccountRequest:
    request = wire.RefuseAccountRequestRequest(
        school_id=str(office.school_id), account_request_id=request_id, reason=why
    )
    reply = await office.requests.RefuseAccountRequest(
        request, timeout=DEADLINE, metadata=office.by_registrar
    )
    return reply.account_request


def at(address: str) -> Metadata:
    """What the gateway tells of where a call comes from."""
    return ((ADDRESS_KEY, address),) if address else ()


async def mailed(office: Office, kind: events_pb2.MessageKind.ValueType, to: str) -> list[dict[str, str]]:
    """The values of the messages of a kind to an address."""
    opened = [json.loads(each["opened"]) for each in await office.messages(kind)]
    return [each["values"] for each in opened if each["to"] == to]


async def outcome(call: Any) -> str:
    """OK, or the reason for which not."""
    try:
        await call
    except grpc.aio.AioRpcError as error:
        return refusal(error).reason
    return "OK"
