"""`/school/{school_id}/families/{pupil_id}`: who stands for a pupil, and what courts forbid."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from school.identity.v1.families_pb2 import (
    ChangeRelationRequest,
    EndRelationRequest,
    GetPupilFamilyRequest,
    LiftCourtLimitRequest,
    PlaceCourtLimitRequest,
    RegisterRelationRequest,
)
from school.identity.v1.issuing_pb2 import GetIssuePersonRequest
from services.gateway.pages.language import zone_of
from services.gateway.pages.school.dates import date_typed
from services.gateway.pages.school.desk import Desk, new_request_id
from services.gateway.pages.school.families.view import (
    DONE,
    NOTHING,
    Typed,
    family_view,
    limit_named,
    typed_before,
)
from services.gateway.pages.school.people.finding import find
from services.gateway.pages.school.people.view import Found, person_view
from services.gateway.pages.school.words import kind_named
from services.gateway.problems import Refused

TOLD_BESIDE: Final = frozenset(
    {
        "RELATION_EXISTS",
        "UNKNOWN_RELATION",
        "UNKNOWN_PERSON",
        "UNKNOWN_LIMIT",
        "BAD_TERM",
        "BAD_DATE",
        "BAD_RELATION",
        "BAD_LIMIT",
        "DOCUMENT_NEEDED",
        "WHY_NEEDED",
        "PUPIL_OF_AGE",
        "COURT_FORBIDS",
        "OWN_FAMILY",
        "LIMIT_EXISTS",
        "PUPIL_LEFT",
        "REQUEST_ID_REUSED",
    }
)
"""Refusals that are told beside the form, with what was typed kept; all others take the whole page."""
# What is no date at all is refused by the service, in its words.
_NO_DATE: Final = "?"


class FamilyPages:
    """A pupil's family, and everything that a registrar does with it."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._families = desk.services.identity.families

    async def show(self, request: Request) -> Response:
        """Who stands for the pupil, the limits, and what was; with what was typed before a proof."""
        draft = self._desk.answers.draft(request)
        typed = typed_before(draft)
        if typed.deed == "register":
            response = await self._add(request, await self._chosen(self._ids(request)[0], typed.of), typed)
        else:
            done = DONE.get(request.query_params.get("done", ""), "")
            response = await self._show(request, typed, done=done)
        if draft:
            self._desk.answers.forget_draft(response)
        return response

    async def search(self, request: Request) -> Response:
        """The form that finds who is to be added."""
        return await self._add(request, Found(), NOTHING)

    async def find(self, request: Request) -> Response:
        """Who was found; the answer is the page itself: what was searched for stays out of addresses."""
        _, school = await self._desk.open(request)
        found, status = await find(self._desk, request, school)
        return await self._add(request, found, NOTHING, status=status)

    async def register(self, request: Request) -> Response:
        """Let a person stand for the pupil."""
        school_id, pupil_id = self._ids(request)
        typed = self._typed(request, "person_id", "register")
        wish = RegisterRelationRequest(
            school_id=school_id,
            request_id=self._desk.request_id(request),
            guardian_id=typed.of,
            pupil_id=pupil_id,
            kind=kind_named(typed.kind),
            valid_until=_date(typed.until),
            document=typed.document,
        )
        return await self._do(request, self._families.RegisterRelation(wish), typed, "registered")

    async def change(self, request: Request) -> Response:
        """Give a relation another term or document."""
        typed = self._typed(request, "relation_id", "change")
        wish = ChangeRelationRequest(
            school_id=self._ids(request)[0],
            relation_id=typed.of,
            valid_until=_date(typed.until),
            document=typed.document,
            reason=typed.why,
        )
        return await self._do(request, self._families.ChangeRelation(wish), typed, "changed")

    async def end(self, request: Request) -> Response:
        """End a relation."""
        typed = self._typed(request, "relation_id", "end")
        wish = EndRelationRequest(school_id=self._ids(request)[0], relation_id=typed.of, reason=typed.why)
        return await self._do(request, self._families.EndRelation(wish), typed, "ended")

    async def limit(self, request: Request) -> Response:
        """Enter what a court forbids."""
        school_id, pupil_id = self._ids(request)
        typed = self._typed(request, "person_id", "limit")
        wish = PlaceCourtLimitRequest(
            school_id=school_id,
            guardian_id=typed.of,
            pupil_id=pupil_id,
            kind=limit_named(typed.kind),
            document=typed.document,
            valid_from=_date(typed.since),
            valid_until=_date(typed.until),
        )
        return await self._do(request, self._families.PlaceCourtLimit(wish), typed, "limited")

    async def lift(self, request: Request) -> Response:
        """Lift a limit."""
        typed = self._typed(request, "limit_id", "lift")
        wish = LiftCourtLimitRequest(school_id=self._ids(request)[0], limit_id=typed.of, reason=typed.why)
        return await self._do(request, self._families.LiftCourtLimit(wish), typed, "lifted")

    async def _do(self, request: Request, call: Awaitable[object], typed: Typed, done: str) -> Response:
        school_id, pupil_id = self._ids(request)
        try:
            await call
        except Refused as refused:
            if refused.reason not in TOLD_BESIDE:
                raise
            told, status = typed.refused(refused.reason), refused.problem.status
            if self._desk.field(request, "page") == "add":
                return await self._add(request, await self._chosen(school_id, told.of), told, status=status)
            return await self._show(request, told, status=status)
        return self._desk.answers.see_other(f"{_url(school_id, pupil_id)}?done={done}")

    async def _chosen(self, school_id: str, person_id: str) -> Found:
        """Whoever was found before, so that nobody need be looked for again."""
        wish = GetIssuePersonRequest(school_id=school_id, person_id=person_id)
        told = await self._desk.services.identity.issuing.GetIssuePerson(wish)
        return Found(people=(person_view(told.person, zone_of("")),))

    def _ids(self, request: Request) -> tuple[str, str]:
        return self._desk.id_in_path(request, "school_id"), self._desk.id_in_path(request, "pupil_id")

    def _typed(self, request: Request, of: str, deed: str) -> Typed:
        def typed(name: str) -> str:
            return self._desk.field(request, name)

        return Typed(
            of=typed(of),
            deed=deed,
            document=typed("document"),
            since=typed("since"),
            until=typed("until"),
            kind=typed("kind"),
            why=typed("why"),
        )

    async def _show(self, request: Request, typed: Typed, *, done: str = "", status: int = 200) -> Response:
        school_id, pupil_id = self._ids(request)
        (frame, school), reply = await asyncio.gather(
            self._desk.open(request, _url(school_id, pupil_id)),
            self._families.GetPupilFamily(GetPupilFamilyRequest(school_id=school_id, pupil_id=pupil_id)),
        )
        today = self._desk.answers.clock.today(school.zone)
        family = family_view(reply, today.isoformat(), school.zone)
        beside = {each.relation_id for each in family.relations} | {
            each.guardian_id for each in family.relations
        }
        beside |= {each.limit_id for each in family.limits}
        return self._desk.answers.html(
            "school/family.html",
            frame,
            status=status,
            school=school,
            family=family,
            typed=typed,
            reason_above="" if typed.of in beside else typed.reason,
            url=_url(school_id, pupil_id),
            done=done,
            today=today.strftime("%d.%m.%Y"),
        )

    async def _add(self, request: Request, found: Found, typed: Typed, *, status: int = 200) -> Response:
        school_id, pupil_id = self._ids(request)
        url = _url(school_id, pupil_id)
        (frame, school), reply = await asyncio.gather(
            self._desk.open(request, f"{url}/add"),
            self._families.GetPupilFamily(GetPupilFamilyRequest(school_id=school_id, pupil_id=pupil_id)),
        )
        today = self._desk.answers.clock.today(school.zone)
        return self._desk.answers.html(
            "school/family_add.html",
            frame,
            status=status,
            school=school,
            family=family_view(reply, today.isoformat(), school.zone),
            found=found,
            typed=typed,
            url=url,
            request_id=new_request_id(),
            today=today.strftime("%d.%m.%Y"),
        )


def _url(school_id: str, pupil_id: str) -> str:
    return f"/school/{school_id}/families/{pupil_id}"


def _date(typed: str) -> str:
    found = date_typed(typed)
    return _NO_DATE if found is None else found
