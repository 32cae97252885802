"""A person's Gosuslugi profile, at the desk of the school's registrar: what was bound, and unbinding."""

from __future__ import annotations

import asyncio
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from school.identity.v1.binding_pb2 import ListPersonBindingsRequest, UnbindPersonRequest, UnbindReason
from school.identity.v1.issuing_pb2 import GetIssuePersonRequest
from services.gateway.pages.bindings import REASONS, binding_views
from services.gateway.pages.school.desk import Desk
from services.gateway.pages.school.people.view import person_view
from services.gateway.problems import Problem, Refused

TOLD_BESIDE: Final = frozenset({"NOT_BOUND", "REASON_NEEDED"})


class PersonBindingPages:
    """`/school/{school_id}/people/{person_id}/binding`."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def show(self, request: Request) -> Response:
        """What is and was bound."""
        return await self._show(request)

    async def unbind(self, request: Request) -> Response:
        """Unbind, for one of the reasons there are."""
        school_id = self._desk.id_in_path(request, "school_id")
        person_id = self._desk.id_in_path(request, "person_id")
        wish = UnbindPersonRequest(
            school_id=school_id, person_id=person_id, reason=_reason(self._desk.field(request, "reason"))
        )
        try:
            await self._desk.services.identity.binding.UnbindPerson(wish)
        except Refused as refused:
            if refused.reason not in TOLD_BESIDE:
                raise
            return await self._show(request, refused.problem)
        return self._desk.answers.see_other(f"{_url(school_id, person_id)}?done=unbound")

    async def _show(self, request: Request, problem: Problem | None = None) -> Response:
        school_id = self._desk.id_in_path(request, "school_id")
        person_id = self._desk.id_in_path(request, "person_id")
        identity = self._desk.services.identity
        (frame, school), person, reply = await asyncio.gather(
            self._desk.open(request, _url(school_id, person_id)),
            identity.issuing.GetIssuePerson(GetIssuePersonRequest(school_id=school_id, person_id=person_id)),
            identity.binding.ListPersonBindings(
                ListPersonBindingsRequest(school_id=school_id, person_id=person_id)
            ),
        )
        present, past = binding_views(reply.bindings, school.zone)
        return self._desk.answers.html(
            "school/person_binding.html",
            frame,
            status=problem.status if problem else 200,
            school=school,
            person=person_view(person.person, school.zone),
            present=present,
            past=past,
            reasons=tuple((UnbindReason.Name(number), key) for number, key in REASONS.items()),
            problem=problem,
            done=request.query_params.get("done", ""),
            today=self._desk.answers.clock.today(school.zone),
        )


def _reason(name: str) -> UnbindReason.ValueType:
    return next(
        (number for number in REASONS if UnbindReason.Name(number) == name),
        UnbindReason.UNBIND_REASON_UNSPECIFIED,
    )


def _url(school_id: str, person_id: str) -> str:
    return f"/school/{school_id}/people/{person_id}/binding"
