"""`/family`: whose diaries one may open, who else may, and adding a child."""

from __future__ import annotations

import asyncio
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from school.access.v1.policy_pb2 import Role
from school.identity.v1.esia_children_pb2 import ListMyProposalsRequest
from school.identity.v1.families_pb2 import (
    AddChildRequest,
    ListGuardiansRequest,
    ListGuardiansResponse,
    ListMyChildrenRequest,
    RenameChildRequest,
)
from services.gateway.pages.answers import Answers, unless_silent
from services.gateway.pages.family.esia import outcome_keys
from services.gateway.pages.family.view import (
    OwnView,
    Typed,
    child_views,
    grown_views,
    guardian_views,
)
from services.gateway.pages.names import full_name
from services.gateway.pages.school.words import kind_named
from services.gateway.problems import Refused

HOME: Final = "/family"
ADD: Final = "/family/add"
TOLD_BESIDE_ADDING: Final = frozenset(
    {
        "WRONG_CREDENTIALS",
        "TOO_MANY_ATTEMPTS",
        "ACCOUNT_BLOCKED",
        "NOT_A_PUPIL",
        "CHILD_CODE_NEEDED",
        "WRONG_CODE",
        "BAD_RELATION",
        "ADULTS_ONLY",
        "PUPIL_OF_AGE",
        "COURT_FORBIDS",
        "SCHOOL_DECIDES",
        "BAD_LABEL",
        "LABEL_TAKEN",
    }
)
TOLD_BESIDE_NAME: Final = frozenset({"BAD_LABEL", "LABEL_TAKEN", "NOT_THEIR_FAMILY"})
DONE: Final = {"added": "family.done.added", "renamed": "family.done.renamed"}
_LONGEST: Final = 1024


class FamilyPages:
    """The family at a glance, and its two forms."""

    def __init__(self, answers: Answers) -> None:
        self._answers = answers
        self._families = answers.door.services.identity.families
        self._esia = answers.door.services.identity.esia_children

    async def show(self, request: Request) -> Response:
        """The children, the visitor's own diary, and what has ended by itself."""
        return await self._show(request)

    async def rename(self, request: Request) -> Response:
        """Call a child otherwise."""
        pupil_id = request.path_params["pupil_id"]
        label = self._field(request, "label")
        try:
            await self._families.RenameChild(RenameChildRequest(pupil_id=pupil_id, label=label))
        except Refused as refused:
            if refused.reason not in TOLD_BESIDE_NAME:
                raise
            typed = Typed(label=label[:100], reason=refused.reason, pupil_id=pupil_id)
            return await self._show(request, typed, status=refused.problem.status)
        return self._answers.see_other(f"{HOME}?done=renamed")

    async def ask(self, request: Request) -> Response:
        """The form that adds a child."""
        return await self._ask(request, Typed())

    async def add(self, request: Request) -> Response:
        """Add a child by the child's own login and password."""
        login, label = self._field(request, "login"), self._field(request, "label")
        kind = self._field(request, "kind")
        wish = AddChildRequest(
            login=login,
            password=self._field(request, "password"),
            label=label,
            kind=kind_named(kind),
            code=self._field(request, "code"),
        )
        try:
            await self._families.AddChild(wish)
        except Refused as refused:
            if refused.reason not in TOLD_BESIDE_ADDING:
                raise
            typed = Typed(
                login[:64],
                label[:100],
                kind,
                refused.reason,
                refused.problem.retry_after,
                asks_code=bool(wish.code) or refused.reason == "CHILD_CODE_NEEDED",
            )
            return await self._ask(request, typed, status=refused.problem.status)
        return self._answers.see_other(f"{HOME}?done=added")

    async def _show(self, request: Request, typed: Typed | None = None, *, status: int = 200) -> Response:
        me = self._answers.person_id(request)
        visitor = self._answers.visitor(request)
        is_pupil = visitor is not None and Role.ROLE_PUPIL in visitor.roles
        frame, mine, own, waiting = await asyncio.gather(
            self._answers.frame(request, HOME),
            self._families.ListMyChildren(ListMyChildrenRequest()),
            self._own(me) if is_pupil else _nothing(),
            unless_silent(self._esia.ListMyProposals(ListMyProposalsRequest())),
        )
        told = await asyncio.gather(*(self._guardians(child.person_id) for child in mine.children))
        ids = (child.person_id for child in mine.children)
        return self._answers.html(
            "family/family.html",
            frame,
            status=status,
            children=child_views(mine, dict(zip(ids, told, strict=True)), me),
            grown=grown_views(mine.of_age),
            own=own,
            waiting=tuple(full_name(each.pupil_name) for each in waiting.proposals) if waiting else (),
            can_search=bool(waiting and waiting.can_search),
            became=outcome_keys(request.query_params.get("esia", "")),
            typed=typed or Typed(),
            done=DONE.get(request.query_params.get("done", ""), ""),
        )

    async def _ask(self, request: Request, typed: Typed, *, status: int = 200) -> Response:
        frame = await self._answers.frame(request, ADD)
        return self._answers.html("family/add.html", frame, status=status, typed=typed)

    async def _own(self, me: str) -> OwnView | None:
        try:
            told = await self._families.ListGuardians(ListGuardiansRequest(pupil_id=me))
        except Refused as refused:
            too_young = refused.reason == "TOO_YOUNG_TO_SEE"
            return OwnView(me, (), too_young=True) if too_young else None
        return OwnView(me, guardian_views(told.guardians, me), too_young=False)

    async def _guardians(self, pupil_id: str) -> ListGuardiansResponse | None:
        return await unless_silent(self._families.ListGuardians(ListGuardiansRequest(pupil_id=pupil_id)))

    def _field(self, request: Request, name: str) -> str:
        return str(self._answers.door.sessions.form(request).get(name, ""))[:_LONGEST]


async def _nothing() -> OwnView | None:
    return None
