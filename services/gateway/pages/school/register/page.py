"""`/school/{school_id}/register` and `/region/register`: people, and why they were refused."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from school.access.v1.policy_pb2 import Role
from school.identity.v1.blocks_pb2 import BlockAccountRequest, UnblockAccountRequest
from school.identity.v1.register_pb2 import (
    CountUnknownRefusalsRequest,
    ListRefusalsRequest,
    RegisteredPerson,
    SearchRegionPeopleRequest,
    SearchSchoolPeopleRequest,
)
from services.gateway.pages.frame import Frame
from services.gateway.pages.language import zone_of
from services.gateway.pages.school.dates import date_typed
from services.gateway.pages.school.desk import REGION_SECTIONS, REGION_URL, Desk, SchoolView
from services.gateway.pages.school.people.blocking import BLOCK_DONE, TOLD_BESIDE_BLOCK
from services.gateway.pages.school.register.view import Found, count_lines, person_line, refusal_lines
from services.gateway.problems import NoSuchPath, Problem, Refused
from services.kit.errors import RoleNeeded

TOLD: Final = frozenset({"WORDS_NEEDED", "BAD_PAGE_TOKEN"})
"""Refusals that are told beside the search."""
_LONGEST_TOKEN: Final = 500


class RegisterPages:
    """Searching by words of a name; a person and their refusals; refusals of whom nobody knows."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def search(self, request: Request) -> Response:
        """The form."""
        frame, school = await self._surroundings(request, self._url(request))
        return self._searched(request, frame, school, Found())

    async def find(self, request: Request) -> Response:
        """Who was found. The answer is the page itself: no name gets into an address."""
        frame, school = await self._surroundings(request, self._url(request))
        words = self._desk.field(request, "words")
        token = self._desk.field(request, "page")[:_LONGEST_TOKEN]
        try:
            people, further = await self._find(school, words, token)
        except Refused as refused:
            if refused.reason not in TOLD:
                raise
            found = Found(words, reason=refused.reason)
            return self._searched(request, frame, school, found, status=refused.problem.status)
        found = Found(words, tuple(person_line(each) for each in people), further)
        return self._searched(request, frame, school, found)

    async def person(self, request: Request) -> Response:
        """A person, and why they were refused, lately or on a day."""
        draft = self._desk.answers.draft(request)
        response = await self._person(request, block_reason=next(iter(draft.get("reason", ())), ""))
        if draft:
            self._desk.answers.forget_draft(response)
        return response

    async def block(self, request: Request) -> Response:
        """Let the account of somebody of the region admit nobody."""
        wish = BlockAccountRequest(**await self._whose(request), reason=self._desk.field(request, "reason"))
        deed = self._desk.services.identity.blocks.BlockAccount(wish)
        return await self._shut_or_opened(request, deed, "blocked")

    async def unblock(self, request: Request) -> Response:
        """Open it again."""
        wish = UnblockAccountRequest(**await self._whose(request), reason=self._desk.field(request, "reason"))
        deed = self._desk.services.identity.blocks.UnblockAccount(wish)
        return await self._shut_or_opened(request, deed, "unblocked")

    async def _whose(self, request: Request) -> dict[str, str]:
        """The person, as one of their schools has them: to the operator all are the same."""
        person_id = self._desk.id_in_path(request, "person_id")
        reply = await self._desk.services.identity.register.ListRefusals(
            ListRefusalsRequest(person_id=person_id)
        )
        if not reply.person.school_ids:
            raise NoSuchPath
        return {"school_id": reply.person.school_ids[0], "person_id": person_id}

    async def _shut_or_opened(self, request: Request, deed: Awaitable[object], done: str) -> Response:
        try:
            await deed
        except Refused as refused:
            if refused.reason not in TOLD_BESIDE_BLOCK:
                raise
            return await self._person(
                request, block_reason=self._desk.field(request, "reason"), problem=refused.problem
            )
        person_id = self._desk.id_in_path(request, "person_id")
        return self._desk.answers.see_other(f"{self._url(request)}/{person_id}?done={done}")

    async def _person(
        self, request: Request, *, block_reason: str = "", problem: Problem | None = None
    ) -> Response:
        typed = request.query_params.get("day", "")[:20]
        day = date_typed(typed)
        wish = ListRefusalsRequest(person_id=self._desk.id_in_path(request, "person_id"), day=day or "")
        path = f"{self._url(request)}/{wish.person_id}" if request.method == "POST" else None
        (frame, school), reply = await asyncio.gather(
            self._surroundings(request, path), self._desk.services.identity.register.ListRefusals(wish)
        )
        zone = school.zone if school else zone_of("")
        return self._desk.answers.html(
            "school/registered.html",
            frame,
            status=problem.status if problem else 200,
            school=school,
            region_sections=REGION_SECTIONS,
            url=self._url(request),
            person=person_line(reply.person),
            days=refusal_lines(reply.refusals, zone),
            day=typed,
            reason_shown="BAD_DATE" if day is None else "",
            is_me=reply.person.person_id == self._desk.answers.person_id(request),
            block_reason=block_reason,
            block_refused=problem.reason if problem else "",
            done=BLOCK_DONE.get(request.query_params.get("done", ""), ""),
            today=self._desk.answers.clock.today(zone),
        )

    async def unknown(self, request: Request) -> Response:
        """How often profiles were refused that are nobody's here."""
        if Role.ROLE_OPERATOR not in self._desk.roles(request):
            raise RoleNeeded
        frame, reply = await asyncio.gather(
            self._desk.answers.frame(request),
            self._desk.services.identity.register.CountUnknownRefusals(CountUnknownRefusalsRequest()),
        )
        return self._desk.answers.html(
            "school/unknown_refusals.html",
            frame,
            school=None,
            region_sections=REGION_SECTIONS,
            days=count_lines(reply.counts),
            today=self._desk.answers.clock.today(zone_of("")),
        )

    async def _find(
        self, school: SchoolView | None, words: str, token: str
    ) -> tuple[Sequence[RegisteredPerson], str]:
        register = self._desk.services.identity.register
        if school is None:
            of_region = await register.SearchRegionPeople(
                SearchRegionPeopleRequest(words=words, page_token=token)
            )
            return of_region.people, of_region.next_page_token
        reply = await register.SearchSchoolPeople(
            SearchSchoolPeopleRequest(school_id=school.school_id, words=words, page_token=token)
        )
        return reply.people, reply.next_page_token

    async def _surroundings(self, request: Request, path: str | None) -> tuple[Frame, SchoolView | None]:
        if "school_id" in request.path_params:
            return await self._desk.open(request, path)
        if Role.ROLE_OPERATOR not in self._desk.roles(request):
            raise RoleNeeded
        return await self._desk.answers.frame(request, path), None

    def _searched(
        self, request: Request, frame: Frame, school: SchoolView | None, found: Found, *, status: int = 200
    ) -> Response:
        return self._desk.answers.html(
            "school/register.html",
            frame,
            status=status,
            school=school,
            region_sections=REGION_SECTIONS,
            url=self._url(request),
            found=found,
        )

    def _url(self, request: Request) -> str:
        if "school_id" in request.path_params:
            return f"/school/{self._desk.id_in_path(request, 'school_id')}/register"
        return f"{REGION_URL}/register"
