"""`/school/{school_id}/staff` and `/region/staff`: who works there, roles given and taken."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from school.identity.v1.staff_pb2 import (
    FindStaffCandidatesRequest,
    GetStaffMemberRequest,
    GrantStaffRoleRequest,
    ListStaffRequest,
    RevokeStaffRoleRequest,
    StaffMember,
)
from services.gateway.pages.frame import Frame
from services.gateway.pages.language import zone_of
from services.gateway.pages.school.dates import date_typed
from services.gateway.pages.school.desk import REGION_SECTIONS, REGION_URL, Desk, SchoolView, new_request_id
from services.gateway.pages.school.people.finding import TOLD_BESIDE_SEARCH
from services.gateway.pages.school.people.view import Found
from services.gateway.pages.school.staff.view import DONE, MemberView, member_view, role_named, scope_of
from services.gateway.problems import Refused

TOLD_BESIDE: Final = frozenset(
    {"LAST_OPERATOR", "OWN_ROLE", "BAD_ROLES", "REASON_NEEDED", "REQUEST_ID_REUSED"}
)


class StaffPages:
    """The staff of the school in the path; of the region when the path names no school."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def everybody(self, request: Request) -> Response:
        """Everybody, by name."""
        return await self._list(request, Found())

    async def find(self, request: Request) -> Response:
        """Somebody registered, to give them a role. What was searched for stays out of addresses."""
        name, typed = self._desk.name(request), self._desk.field(request, "birth_date")
        birth_date, snils = date_typed(typed), self._desk.field(request, "snils")
        found = Found(name.surname, name.given_name, name.patronymic, typed, by_snils=bool(snils))
        if birth_date is None:
            return await self._list(request, replace(found, reason="BAD_BIRTH_DATE"), status=400)
        wish = FindStaffCandidatesRequest(
            school_id=self._school_id(request), name=name, birth_date=birth_date, snils=snils
        )
        try:
            reply = await self._desk.services.identity.staff.FindStaffCandidates(wish)
        except Refused as refused:
            if refused.reason not in TOLD_BESIDE_SEARCH:
                raise
            found = replace(found, reason=refused.reason)
            return await self._list(request, found, status=refused.problem.status)
        return await self._list(request, found, candidates=reply.members)

    async def member(self, request: Request) -> Response:
        """One person: what they hold, what can be given."""
        return await self._member(request, done=DONE.get(request.query_params.get("done", ""), ""))

    async def grant(self, request: Request) -> Response:
        """Give a role."""
        wish = GrantStaffRoleRequest(
            request_id=self._desk.request_id(request),
            person_id=self._desk.id_in_path(request, "person_id"),
            school_id=self._school_id(request),
            role=role_named(self._desk.field(request, "role")),
        )
        try:
            await self._desk.services.identity.staff.GrantStaffRole(wish)
        except Refused as refused:
            return await self._told(request, refused)
        return self._done(request, "granted")

    async def revoke(self, request: Request) -> Response:
        """Take a role; the person's sessions end."""
        wish = RevokeStaffRoleRequest(
            request_id=self._desk.request_id(request),
            person_id=self._desk.id_in_path(request, "person_id"),
            school_id=self._school_id(request),
            role=role_named(self._desk.field(request, "role")),
            reason=self._desk.field(request, "reason"),
        )
        try:
            await self._desk.services.identity.staff.RevokeStaffRole(wish)
        except Refused as refused:
            return await self._told(request, refused)
        return self._done(request, "revoked")

    # --- what they have in common ---

    def _school_id(self, request: Request) -> str:
        return self._desk.id_in_path(request, "school_id") if "school_id" in request.path_params else ""

    def _url(self, request: Request) -> str:
        school_id = self._school_id(request)
        return f"/school/{school_id}/staff" if school_id else f"{REGION_URL}/staff"

    def _done(self, request: Request, what: str) -> Response:
        person_id = self._desk.id_in_path(request, "person_id")
        return self._desk.answers.see_other(f"{self._url(request)}/{person_id}?done={what}")

    async def _open(self, request: Request, path: str) -> tuple[Frame, SchoolView | None]:
        if self._school_id(request):
            return await self._desk.open(request, path)
        return await self._desk.answers.frame(request, path), None

    def _views(
        self, request: Request, school: SchoolView | None, members: Iterable[StaffMember]
    ) -> tuple[MemberView, ...]:
        visitor = self._desk.answers.visitor(request)
        me = str(visitor.person_id) if visitor else ""
        scope = scope_of(school, self._desk.roles(request))
        zone = school.zone if school else zone_of("")
        return tuple(member_view(member, scope, zone, me) for member in members)

    async def _list(
        self,
        request: Request,
        found: Found,
        *,
        candidates: Iterable[StaffMember] | None = None,
        status: int = 200,
    ) -> Response:
        wish = ListStaffRequest(
            school_id=self._school_id(request), page_token=request.query_params.get("page", "")[:500]
        )
        (frame, school), reply = await asyncio.gather(
            self._open(request, self._url(request)), self._desk.services.identity.staff.ListStaff(wish)
        )
        return self._desk.answers.html(
            "school/staff.html",
            frame,
            status=status,
            school=school,
            region_sections=REGION_SECTIONS,
            url=self._url(request),
            members=self._views(request, school, reply.members),
            next_page_token=reply.next_page_token,
            found=found,
            candidates=None if candidates is None else self._views(request, school, candidates),
        )

    async def _told(self, request: Request, refused: Refused) -> Response:
        if refused.reason not in TOLD_BESIDE:
            raise refused
        return await self._member(request, reason=refused.reason, status=refused.problem.status)

    async def _member(
        self, request: Request, *, done: str = "", reason: str = "", status: int = 200
    ) -> Response:
        person_id = self._desk.id_in_path(request, "person_id")
        wish = GetStaffMemberRequest(school_id=self._school_id(request), person_id=person_id)
        (frame, school), reply = await asyncio.gather(
            self._open(request, f"{self._url(request)}/{person_id}"),
            self._desk.services.identity.staff.GetStaffMember(wish),
        )
        [member] = self._views(request, school, [reply.member])
        return self._desk.answers.html(
            "school/member.html",
            frame,
            status=status,
            school=school,
            region_sections=REGION_SECTIONS,
            url=self._url(request),
            member=member,
            done=done,
            reason_shown=reason,
            request_id=new_request_id(),
        )
