"""What a person is at the school, as its registrar ends it and gives it back; and who has left."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import Response

from school.access.v1.policy_pb2 import Role
from school.identity.v1.leaving_pb2 import (
    EndRolesRequest,
    GetRolesAtSchoolRequest,
    GiveRolesBackRequest,
    ListFormerPeopleRequest,
    RolesAtSchool,
)
from services.gateway.pages.frame import ROLE_KEYS
from services.gateway.pages.names import full_name
from services.gateway.pages.school.dates import moment
from services.gateway.pages.school.desk import Desk
from services.gateway.problems import Problem, Refused

TOLD_BESIDE: Final = frozenset(
    {"REASON_NEEDED", "BAD_ROLES", "OWN_ROLE", "TOO_LATE_TO_GIVE_BACK", "ELSEWHERE_SINCE"}
)
"""Refusals that are told beside the form, with what was typed kept."""
ENDABLE: Final = {role: ROLE_KEYS[role] for role in (Role.ROLE_PUPIL, Role.ROLE_GUARDIAN, Role.ROLE_TEACHER)}
"""What a registrar may end; the words for it."""
_DONE: Final = {"ended": "leaving.was_ended", "back": "leaving.was_given_back"}
_LONGEST_TOKEN: Final = 500


@dataclass(frozen=True, slots=True)
class RoleLine:
    """Something that the person is or was here."""

    name: str
    """What a form carries."""
    key: str
    ticked: bool = False
    ended: datetime | None = None
    reason: str = field(default="", repr=False)
    may_give_back: bool = False


@dataclass(frozen=True, slots=True)
class RolesView:
    """A person as the page shows them."""

    person_id: str
    name: str = field(repr=False)
    present: tuple[RoleLine, ...]
    kept: tuple[str, ...]
    """What only an administrator takes, as keys."""
    former: tuple[RoleLine, ...]
    left_region: bool

    @property
    def returnable(self) -> tuple[RoleLine, ...]:
        """What can be given back."""
        return tuple(each for each in self.former if each.may_give_back)

    @property
    def over(self) -> tuple[RoleLine, ...]:
        """What cannot any more."""
        return tuple(each for each in self.former if not each.may_give_back)

    @property
    def family_is_ours(self) -> bool:
        """Whether a pupil left who is nowhere yet: the family is looked after by the last school."""
        return self.left_region and any(each.name == "ROLE_PUPIL" for each in self.former)


class LeavingPages:
    """`/school/{school_id}/people/{person_id}/roles` and `/school/{school_id}/left`."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def show(self, request: Request) -> Response:
        """What the person is and was here."""
        draft = self._desk.answers.draft(request)
        response = await self._show(request, typed=draft)
        if draft:
            self._desk.answers.forget_draft(response)
        return response

    async def end(self, request: Request) -> Response:
        """They are something no more."""
        wish = EndRolesRequest(**self._whose(request), roles=self._roles(request), reason=self._said(request))
        return await self._done(request, self._desk.services.identity.leaving.EndRoles(wish), "ended")

    async def give_back(self, request: Request) -> Response:
        """They are it again."""
        wish = GiveRolesBackRequest(
            **self._whose(request), roles=self._roles(request), reason=self._said(request)
        )
        return await self._done(request, self._desk.services.identity.leaving.GiveRolesBack(wish), "back")

    async def left(self, request: Request) -> Response:
        """Who is something no more at the school."""
        wish = ListFormerPeopleRequest(
            school_id=self._desk.id_in_path(request, "school_id"),
            page_token=request.query_params.get("page", "")[:_LONGEST_TOKEN],
        )
        (frame, school), reply = await asyncio.gather(
            self._desk.open(request), self._desk.services.identity.leaving.ListFormerPeople(wish)
        )
        return self._desk.answers.html(
            "school/left.html",
            frame,
            school=school,
            people=tuple(roles_view(each, school.zone) for each in reply.people),
            further=reply.next_page_token,
            today=self._desk.answers.clock.today(school.zone),
        )

    def _whose(self, request: Request) -> dict[str, str]:
        return {name: self._desk.id_in_path(request, name) for name in ("school_id", "person_id")}

    def _said(self, request: Request) -> str:
        return self._desk.field(request, "reason")

    def _roles(self, request: Request) -> list[Role.ValueType]:
        ticked = self._desk.fields(request, "role")
        return [role for role in ENDABLE if Role.Name(role) in ticked]

    async def _done(self, request: Request, deed: Awaitable[object], done: str) -> Response:
        try:
            await deed
        except Refused as refused:
            if refused.reason not in TOLD_BESIDE:
                raise
            typed = {
                "reason": (self._said(request),),
                "role": tuple(Role.Name(role) for role in self._roles(request)),
            }
            return await self._show(request, typed=typed, problem=refused.problem)
        return self._desk.answers.see_other(f"{_url(**self._whose(request))}?done={done}")

    async def _show(
        self, request: Request, *, typed: Mapping[str, tuple[str, ...]], problem: Problem | None = None
    ) -> Response:
        whose = self._whose(request)
        (frame, school), reply = await asyncio.gather(
            self._desk.open(request, _url(**whose)),
            self._desk.services.identity.leaving.GetRolesAtSchool(GetRolesAtSchoolRequest(**whose)),
        )
        return self._desk.answers.html(
            "school/person_roles.html",
            frame,
            status=problem.status if problem else 200,
            school=school,
            person=roles_view(reply.person, school.zone, ticked=typed.get("role", ())),
            typed_reason=next(iter(typed.get("reason", ())), ""),
            problem=problem,
            done=_DONE.get(request.query_params.get("done", ""), ""),
            today=self._desk.answers.clock.today(school.zone),
        )


def roles_view(person: RolesAtSchool, zone: ZoneInfo, *, ticked: tuple[str, ...] = ()) -> RolesView:
    """A person of a reply; days in the zone of the school."""
    held = set(person.roles)
    return RolesView(
        person_id=person.person_id,
        name=full_name(person.name),
        present=tuple(
            RoleLine(Role.Name(role), key, Role.Name(role) in ticked)
            for role, key in ENDABLE.items()
            if role in held
        ),
        kept=tuple(key for role, key in ROLE_KEYS.items() if role in held and role not in ENDABLE),
        former=tuple(
            RoleLine(
                Role.Name(each.role),
                ENDABLE[each.role],
                Role.Name(each.role) in ticked,
                moment(each.ended_at, zone),
                each.reason,
                each.may_give_back,
            )
            for each in person.former
            if each.role in ENDABLE
        ),
        left_region=person.left_region,
    )


def _url(school_id: str, person_id: str) -> str:
    return f"/school/{school_id}/people/{person_id}/roles"
