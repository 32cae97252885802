"""Finding a person, and giving them credentials."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from dataclasses import replace
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from school.identity.v1.account_requests_pb2 import ListAccountRequestsRequest
from school.identity.v1.blocks_pb2 import BlockAccountRequest, UnblockAccountRequest
from school.identity.v1.issuing_pb2 import (
    ApplicationChannel,
    GetIssuePersonRequest,
    IssueCredentialsRequest,
    IssuePerson,
)
from services.gateway.pages.answers import unless_silent
from services.gateway.pages.school.desk import Desk, SchoolView, new_request_id
from services.gateway.pages.school.people.blocking import BLOCK_DONE, TOLD_BESIDE_BLOCK
from services.gateway.pages.school.people.finding import find
from services.gateway.pages.school.people.registering import REGISTERED_DONE
from services.gateway.pages.school.people.view import (
    Found,
    RequestNote,
    Typed,
    capacity_named,
    chosen_capacity,
    documents_of,
    issue_form,
    person_view,
    request_note,
    slip_view,
)
from services.gateway.problems import Refused

TOLD_BESIDE_FORM: Final = frozenset(
    {
        "DOCUMENTS_MISSING",
        "TOO_YOUNG",
        "WRONG_CAPACITY",
        "ISSUED_BEFORE",
        "CHANNEL_NEEDED",
        "UNKNOWN_REQUEST",
        "REQUEST_NOT_ACCEPTED",
        "OWN_CREDENTIALS",
        "EMPLOYEE_ACCOUNT",
        "ISSUED_ELSEWHERE",
        "ACCOUNT_BLOCKED",
        "REQUEST_ID_REUSED",
    }
)
"""Refusals that are told beside the form, with what was typed kept; all others take the whole page."""
_DONE: Final = {**BLOCK_DONE, **REGISTERED_DONE}
_SLIP_IS_GONE: Final = "SLIP_SHOWN"
_MOST_REQUESTS: Final = 200


class PeoplePages:
    """`/school/{school_id}/find` and `/school/{school_id}/people/{person_id}`."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    # --- finding ---

    async def search(self, request: Request) -> Response:
        """The form."""
        frame, school = await self._desk.open(request)
        return self._desk.answers.html("school/find.html", frame, school=school, found=Found())

    async def find(self, request: Request) -> Response:
        """Who was found. The answer is the page itself: what was searched for stays out of addresses."""
        frame, school = await self._desk.open(request, f"/school/{request.path_params['school_id']}/find")
        found, status = await find(self._desk, request, school)
        return self._desk.answers.html("school/find.html", frame, status=status, school=school, found=found)

    # --- issuing ---

    async def person(self, request: Request) -> Response:
        """A person, and the form by which credentials are issued."""
        draft = self._desk.answers.draft(request)
        response = await self._show(
            request,
            capacity=request.query_params.get("capacity", ""),
            answered=request.query_params.get("request", ""),
            typed=Typed(block_reason=next(iter(draft.get("reason", ())), "")),
        )
        if draft:
            self._desk.answers.forget_draft(response)
        return response

    async def issue(self, request: Request) -> Response:
        """Issue credentials; the answer is the slip, this once."""
        school_id = self._desk.id_in_path(request, "school_id")
        person_id = self._desk.id_in_path(request, "person_id")
        answered = self._desk.field(request, "account_request_id")
        electronic = bool(answered) and self._desk.field(request, "channel") != "paper"
        ticked = self._desk.fields(request, "document")
        reissue_reason = self._desk.field(request, "reissue_reason")
        capacity = self._desk.field(request, "capacity")
        wish = IssueCredentialsRequest(
            school_id=school_id,
            person_id=person_id,
            request_id=self._desk.request_id(request),
            capacity=capacity_named(capacity),
            documents=documents_of(ticked),
            channel=ApplicationChannel.APPLICATION_CHANNEL_ELECTRONIC
            if electronic
            else ApplicationChannel.APPLICATION_CHANNEL_PAPER,
            account_request_id=answered if electronic else "",
            reissue_reason=reissue_reason,
        )
        # The frame first: were it to fail once the slip is made, nobody would ever see it.
        frame, school = await self._desk.open(request, _person_url(school_id, person_id))
        try:
            reply = await self._desk.services.identity.issuing.IssueCredentials(wish)
        except Refused as refused:
            if refused.reason == _SLIP_IS_GONE:
                return await self._slip_is_gone(request, refused.problem.status)
            if refused.reason not in TOLD_BESIDE_FORM:
                raise
            missing = frozenset(filter(None, refused.problem.metadata.get("documents", "").split(",")))
            typed = Typed(ticked, electronic, reissue_reason, refused.reason, missing)
            return await self._show(
                request, capacity=capacity, answered=answered, typed=typed, status=refused.problem.status
            )
        return self._desk.answers.html(
            "school/slips.html",
            replace(frame, plain=True),
            school=school,
            slips=(slip_view(reply.slip, school.zone),),
            back=_person_url(school_id, person_id),
            back_key="slip.to_person",
        )

    # --- shutting and opening ---

    async def block(self, request: Request) -> Response:
        """Let the person's account admit nobody."""
        wish = BlockAccountRequest(**self._whose(request), reason=self._desk.field(request, "reason"))
        return await self._shut_or_opened(
            request, self._desk.services.identity.blocks.BlockAccount(wish), "blocked"
        )

    async def unblock(self, request: Request) -> Response:
        """Open it again."""
        wish = UnblockAccountRequest(**self._whose(request), reason=self._desk.field(request, "reason"))
        return await self._shut_or_opened(
            request, self._desk.services.identity.blocks.UnblockAccount(wish), "unblocked"
        )

    def _whose(self, request: Request) -> dict[str, str]:
        return {name: self._desk.id_in_path(request, name) for name in ("school_id", "person_id")}

    async def _shut_or_opened(self, request: Request, deed: Awaitable[object], done: str) -> Response:
        try:
            await deed
        except Refused as refused:
            if refused.reason not in TOLD_BESIDE_BLOCK:
                raise
            typed = Typed(reason=refused.reason, block_reason=self._desk.field(request, "reason"))
            return await self._show(
                request, capacity="", answered="", typed=typed, status=refused.problem.status
            )
        return self._desk.answers.see_other(f"{_person_url(**self._whose(request))}?done={done}")

    async def _show(
        self, request: Request, *, capacity: str, answered: str, typed: Typed, status: int = 200
    ) -> Response:
        school_id = self._desk.id_in_path(request, "school_id")
        person_id = self._desk.id_in_path(request, "person_id")
        url = _person_url(school_id, person_id)
        (frame, school), reply = await asyncio.gather(
            self._desk.open(request, url if request.method == "POST" else None),
            self._person(school_id, person_id),
        )
        person = person_view(reply, school.zone)
        note = await self._request(school, answered, person.person_id)
        form = None
        if person.can_be_given:
            form = issue_form(
                person,
                chosen_capacity(capacity, person),
                url=url,
                request_id=new_request_id(),
                answered=note,
                typed=typed,
            )
        return self._desk.answers.html(
            "school/person.html",
            frame,
            status=status,
            school=school,
            person=person,
            form=form,
            reason_shown=typed.reason,
            block_reason=typed.block_reason,
            done=_DONE.get(request.query_params.get("done", ""), ""),
        )

    async def _slip_is_gone(self, request: Request, status: int) -> Response:
        url = _person_url(
            self._desk.id_in_path(request, "school_id"), self._desk.id_in_path(request, "person_id")
        )
        frame, school = await self._desk.open(request, url)
        return self._desk.answers.html("school/slip_gone.html", frame, status=status, school=school, back=url)

    async def _person(self, school_id: str, person_id: str) -> IssuePerson:
        wish = GetIssuePersonRequest(school_id=school_id, person_id=person_id)
        return (await self._desk.services.identity.issuing.GetIssuePerson(wish)).person

    async def _request(self, school: SchoolView, wanted: str, person_id: str) -> RequestNote | None:
        """The accepted electronic request of this person that the address names, if there is one."""
        if not (wanted and school.registers):
            return None
        wish = ListAccountRequestsRequest(school_id=school.school_id, page_size=_MOST_REQUESTS)
        reply = await unless_silent(self._desk.services.identity.account_requests.ListAccountRequests(wish))
        for each in reply.account_requests if reply else ():
            if each.account_request_id == wanted and each.person_id == person_id:
                return request_note(each, school.zone)
        return None


def _person_url(school_id: str, person_id: str) -> str:
    return f"/school/{school_id}/people/{person_id}"
