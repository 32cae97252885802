"""Issuing for a class, as the homeroom teacher does it."""

from __future__ import annotations

from typing import Any

from school.identity.v1 import issuing_pb2
from services.kit.ids import new_id
from tests.integration.identity.issuing.office import Metadata, Office
from tests.support.identity import DEADLINE, Registered
from tests.support.waiting import eventually

STATES = issuing_pb2.IssueJobState


def start_request(office: Office, **changes: Any) -> issuing_pb2.StartClassIssueRequest:
    wish: dict[str, Any] = {
        "school_id": str(office.school_id),
        "class_id": str(office.class_id),
        "request_id": str(new_id()),
        "pupils": True,
        "guardians": True,
        "documents_seen": True,
    }
    return issuing_pb2.StartClassIssueRequest(**(wish | changes))


async def start(office: Office, *, by: Metadata | None = None, **changes: Any) -> issuing_pb2.IssueJob:
    """Begin, as the homeroom teacher unless somebody else is named."""
    reply = await office.issuing.StartClassIssue(
        start_request(office, **changes), timeout=DEADLINE, metadata=by or office.by_teacher
    )
    return reply.job


async def look(office: Office, job_id: str, *, by: Metadata | None = None) -> issuing_pb2.IssueJob:
    request = issuing_pb2.GetIssueJobRequest(school_id=str(office.school_id), job_id=job_id)
    reply = await office.issuing.GetIssueJob(request, timeout=DEADLINE, metadata=by or office.by_teacher)
    return reply.job


async def ended(office: Office, job_id: str, *, by: Metadata | None = None) -> issuing_pb2.IssueJob:
    """The job, once it has ended."""

    async def is_over() -> bool:
        return (await look(office, job_id, by=by)).state != STATES.ISSUE_JOB_STATE_RUNNING

    await eventually(is_over)
    return await look(office, job_id, by=by)


async def take(office: Office, job_id: str, *, by: Metadata | None = None) -> list[issuing_pb2.Slip]:
    request = issuing_pb2.TakeIssueSlipsRequest(school_id=str(office.school_id), job_id=job_id)
    reply = await office.issuing.TakeIssueSlips(request, timeout=DEADLINE, metadata=by or office.by_teacher)
    return list(reply.slips)


async def stop(office: Office, job_id: str) -> issuing_pb2.IssueJob:
    request = issuing_pb2.StopIssueJobRequest(school_id=str(office.school_id), job_id=job_id)
    reply = await office.issuing.StopIssueJob(request, timeout=DEADLINE, metadata=office.by_teacher)
    return reply.job


async def a_class(office: Office, pupils: int) -> list[Registered]:
    """Pupils, each with a parent; in the order of the class list."""
    everybody = []
    for number in range(pupils):
        letter = chr(ord("а") + number)
        pupil = await office.pupil(f"Ел{letter}кин Пётр")
        everybody += [pupil, await office.guardian_of(pupil, name=f"Ел{letter}кина Мария")]
    return everybody
