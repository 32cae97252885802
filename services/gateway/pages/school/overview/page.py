"""`/school`: everything that waits in the offices where somebody works."""

from __future__ import annotations

import asyncio
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from school.access.v1.policy_pb2 import Role
from school.identity.v1.account_requests_pb2 import ListAccountRequestsRequest, ListAccountRequestsResponse
from school.identity.v1.cases_pb2 import ListSchoolCasesRequest, ListSchoolCasesResponse
from school.identity.v1.corrections_pb2 import ListSchoolCorrectionsRequest, ListSchoolCorrectionsResponse
from school.identity.v1.issuing_pb2 import (
    ListIssueJobsRequest,
    ListIssueJobsResponse,
    ListIssuingClassesRequest,
    ListIssuingClassesResponse,
)
from school.identity.v1.schools_pb2 import GetSchoolRequest
from school.identity.v1.staff_pb2 import Post
from services.gateway.pages.answers import unless_silent
from services.gateway.pages.school.desk import ISSUERS, Desk, school_view
from services.gateway.pages.school.overview.view import (
    Office,
    class_lines,
    job_lines,
    role_keys,
    schools_of,
    waiting_cases,
    waiting_corrections,
    waiting_requests,
)

MOST_COUNTED: Final = 200
"""What one page of a queue holds; more than this is called "more than 200"."""

Roles = frozenset[Role.ValueType]


class OverviewPages:
    """`/school`."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def show(self, request: Request) -> Response:
        """All schools of the visitor, each with what answers."""
        frame, posts = await asyncio.gather(self._desk.answers.frame(request), self._desk.posts())
        acting = self._desk.roles(request)
        held = tuple(posts.posts) if posts else ()
        offices = await asyncio.gather(
            *(self._office(school_id, held, acting) for school_id in schools_of(held, acting))
        )
        return self._desk.answers.html(
            "school/overview.html",
            frame,
            offices=offices,
            operates=Role.ROLE_OPERATOR in acting,
            silent=posts is None or any(office.silent for office in offices),
            posts_silent=posts is None,
        )

    async def _office(self, school_id: str, posts: tuple[Post, ...], acting: Roles) -> Office:
        here = frozenset(post.role for post in posts if post.school_id == school_id) & acting
        told, classes, jobs, cases, corrections, requests = await asyncio.gather(
            unless_silent(
                self._desk.services.identity.schools.GetSchool(GetSchoolRequest(school_id=school_id))
            ),
            self._classes(school_id, here),
            self._jobs(school_id, here),
            self._cases(school_id, here),
            self._corrections(school_id, here),
            self._requests(school_id, here),
        )
        school = school_view(school_id, told, posts, acting)
        now = self._desk.answers.clock.now()
        undecided, accepted = waiting_requests(requests, now) if requests else (None, 0)
        return Office(
            school=school,
            roles=role_keys(here),
            classes=class_lines(school, classes.classes) if classes else None,
            jobs=job_lines(school, jobs.jobs) if jobs else (),
            cases=waiting_cases(cases.cases, bool(cases.next_page_token), now) if cases else None,
            corrections=waiting_corrections(corrections, now) if corrections else None,
            to_decide=undecided,
            to_issue=accepted,
            silent=None in (classes, jobs, cases, corrections, requests),
        )

    # Who may not ask, is told that there is nothing; None is for services that do not answer.

    async def _classes(self, school_id: str, here: Roles) -> ListIssuingClassesResponse | None:
        if not here & ISSUERS:
            return ListIssuingClassesResponse()
        wish = ListIssuingClassesRequest(school_id=school_id)
        return await unless_silent(self._desk.services.identity.issuing.ListIssuingClasses(wish))

    async def _jobs(self, school_id: str, here: Roles) -> ListIssueJobsResponse | None:
        if not here & ISSUERS:
            return ListIssueJobsResponse()
        wish = ListIssueJobsRequest(school_id=school_id)
        return await unless_silent(self._desk.services.identity.issuing.ListIssueJobs(wish))

    async def _cases(self, school_id: str, here: Roles) -> ListSchoolCasesResponse | None:
        if Role.ROLE_REGISTRAR not in here:
            return ListSchoolCasesResponse()
        wish = ListSchoolCasesRequest(school_id=school_id, page_size=MOST_COUNTED)
        return await unless_silent(self._desk.services.identity.cases.ListSchoolCases(wish))

    async def _corrections(self, school_id: str, here: Roles) -> ListSchoolCorrectionsResponse | None:
        if Role.ROLE_REGISTRAR not in here:
            return ListSchoolCorrectionsResponse()
        wish = ListSchoolCorrectionsRequest(school_id=school_id, page_size=MOST_COUNTED)
        return await unless_silent(self._desk.services.identity.corrections.ListSchoolCorrections(wish))

    async def _requests(self, school_id: str, here: Roles) -> ListAccountRequestsResponse | None:
        if Role.ROLE_REGISTRAR not in here:
            return ListAccountRequestsResponse()
        wish = ListAccountRequestsRequest(school_id=school_id, page_size=MOST_COUNTED)
        return await unless_silent(self._desk.services.identity.account_requests.ListAccountRequests(wish))
