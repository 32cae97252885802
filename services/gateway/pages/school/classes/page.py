"""A class: its people, issuing for all of them, and the slips of that."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from school.identity.v1.issuing_pb2 import (
    GetIssueJobRequest,
    IssueJob,
    ListClassPeopleRequest,
    ListIssuingClassesRequest,
    StartClassIssueRequest,
    StopIssueJobRequest,
    TakeIssueSlipsRequest,
)
from services.gateway.pages.answers import unless_silent
from services.gateway.pages.school.classes.view import StartForm, class_view, job_view
from services.gateway.pages.school.desk import Desk, new_request_id
from services.gateway.pages.school.people.view import slip_view
from services.gateway.problems import Refused

TOLD_BESIDE_FORM: Final = frozenset(
    {"NOBODY_CHOSEN", "DOCUMENTS_MISSING", "REQUEST_ID_REUSED", "JOB_RUNNING"}
)
TOLD_BESIDE_JOB: Final = frozenset({"JOB_RUNNING", "SLIP_SHOWN"})


class ClassPages:
    """`/school/{school_id}/classes/{class_id}` and `/school/{school_id}/jobs/{job_id}`."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def show(self, request: Request) -> Response:
        """The people of a class, and the form that issues to all of them."""
        return await self._class(request, StartForm(new_request_id()))

    async def start(self, request: Request) -> Response:
        """Begin; it goes on by itself."""
        school_id = self._desk.id_in_path(request, "school_id")
        ticked = self._desk.fields(request, "who")
        form = StartForm(
            self._desk.request_id(request),
            pupils="pupils" in ticked,
            guardians="guardians" in ticked,
            documents_seen=bool(self._desk.field(request, "documents_seen")),
        )
        wish = StartClassIssueRequest(
            school_id=school_id,
            class_id=self._desk.id_in_path(request, "class_id"),
            request_id=form.request_id,
            pupils=form.pupils,
            guardians=form.guardians,
            documents_seen=form.documents_seen,
        )
        try:
            reply = await self._desk.services.identity.issuing.StartClassIssue(wish)
        except Refused as refused:
            if refused.reason not in TOLD_BESIDE_FORM:
                raise
            again = replace(form, request_id=new_request_id(), reason=refused.reason)
            return await self._class(request, again, refused.problem.status)
        return self._desk.answers.see_other(_job_url(school_id, reply.job.job_id))

    async def job(self, request: Request) -> Response:
        """How far it is. Loads itself again while it works."""
        return await self._job(request)

    async def stop(self, request: Request) -> Response:
        """Stop it; what was issued stays issued."""
        school_id = self._desk.id_in_path(request, "school_id")
        job_id = self._desk.id_in_path(request, "job_id")
        await self._desk.services.identity.issuing.StopIssueJob(
            StopIssueJobRequest(school_id=school_id, job_id=job_id)
        )
        return self._desk.answers.see_other(_job_url(school_id, job_id))

    async def slips(self, request: Request) -> Response:
        """Take the slips; the answer has all of them, this once."""
        school_id = self._desk.id_in_path(request, "school_id")
        job_id = self._desk.id_in_path(request, "job_id")
        wish = TakeIssueSlipsRequest(school_id=school_id, job_id=job_id)
        # The frame first: were it to fail once the slips are taken, nobody would ever see them.
        frame, school = await self._desk.open(request, _job_url(school_id, job_id))
        try:
            reply = await self._desk.services.identity.issuing.TakeIssueSlips(wish)
        except Refused as refused:
            if refused.reason not in TOLD_BESIDE_JOB:
                raise
            return await self._job(request, refused.reason, refused.problem.status)
        return self._desk.answers.html(
            "school/slips.html",
            replace(frame, plain=True),
            school=school,
            slips=tuple(slip_view(slip, school.zone) for slip in reply.slips),
            back=_job_url(school_id, job_id),
            back_key="slip.to_job",
        )

    async def _class(self, request: Request, form: StartForm, status: int = 200) -> Response:
        school_id = self._desk.id_in_path(request, "school_id")
        class_id = self._desk.id_in_path(request, "class_id")
        issuing = self._desk.services.identity.issuing
        (frame, school), people, classes = await asyncio.gather(
            self._desk.open(request, f"/school/{school_id}/classes/{class_id}"),
            issuing.ListClassPeople(ListClassPeopleRequest(school_id=school_id, class_id=class_id)),
            unless_silent(issuing.ListIssuingClasses(ListIssuingClassesRequest(school_id=school_id))),
        )
        titles = {each.class_id: each.title for each in classes.classes} if classes else {}
        view = class_view(class_id, titles.get(class_id, ""), people.people, school.zone)
        return self._desk.answers.html(
            "school/class.html", frame, status=status, school=school, view=view, form=form
        )

    async def _job(self, request: Request, reason: str = "", status: int = 200) -> Response:
        school_id = self._desk.id_in_path(request, "school_id")
        job_id = self._desk.id_in_path(request, "job_id")
        (frame, school), job = await asyncio.gather(
            self._desk.open(request, _job_url(school_id, job_id)), self._read(school_id, job_id)
        )
        return self._desk.answers.html(
            "school/job.html",
            frame,
            status=status,
            school=school,
            job=job_view(job, school.zone),
            reason_shown=reason,
            today=self._desk.answers.clock.today(school.zone),
        )

    async def _read(self, school_id: str, job_id: str) -> IssueJob:
        wish = GetIssueJobRequest(school_id=school_id, job_id=job_id)
        return (await self._desk.services.identity.issuing.GetIssueJob(wish)).job


def _job_url(school_id: str, job_id: str) -> str:
    return f"/school/{school_id}/jobs/{job_id}"
