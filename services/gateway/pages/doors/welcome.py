"""After the first binding: who one is in the diary now, and which children."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import unquote

from starlette.requests import Request
from starlette.responses import Response

from school.access.v1.policy_pb2 import Role
from school.diary.v1.schools_pb2 import ListMyPupilsRequest, PupilInClass
from school.identity.v1.families_pb2 import Child, ListMyChildrenRequest
from services.gateway.pages.answers import BACK_COOKIE, Answers, unless_silent, wanted_back
from services.gateway.pages.frame import HOME
from services.gateway.pages.names import full_name


@dataclass(frozen=True, slots=True)
class BoundChild:
    """A child, with class and school where the diary knows them."""

    name: str
    class_title: str = ""
    school: str = ""


@dataclass(frozen=True, slots=True)
class WelcomeView:
    """Whom the profile was bound to."""

    name: str
    children: tuple[BoundChild, ...]
    waiting: tuple[BoundChild, ...]
    """Children in no class, or whose class could not be asked for."""
    own: BoundChild | None
    teaches: bool
    silent: bool
    onward: str


def welcome_view(
    name: str,
    me: str,
    children: Sequence[Child],
    pupils: Sequence[PupilInClass] | None,
    *,
    teaches: bool,
    onward: str,
) -> WelcomeView:
    """``pupils`` is ``None`` when the diary does not answer: the names come from identity then."""
    known = {pupil.pupil_id: pupil for pupil in pupils or ()}
    mine = {child.person_id for child in children}
    bound = tuple(
        BoundChild(pupil.display_name, pupil.class_title, pupil.school_title)
        for pupil in known.values()
        if pupil.pupil_id != me
    )
    waiting = tuple(BoundChild(full_name(child.name)) for child in children if child.person_id not in known)
    own = known.get(me) if me not in mine else None
    return WelcomeView(
        name=name,
        children=bound,
        waiting=waiting,
        own=BoundChild(own.display_name, own.class_title, own.school_title) if own else None,
        teaches=teaches,
        silent=pupils is None,
        onward=onward,
    )


class WelcomePages:
    """`/welcome`."""

    def __init__(self, answers: Answers) -> None:
        self._answers = answers

    async def show(self, request: Request) -> Response:
        """Show the binding; its button leads to where the person wanted to go."""
        services = self._answers.door.services
        visitor = self._answers.visitor(request)
        frame, children, pupils = await asyncio.gather(
            self._answers.frame(request),
            unless_silent(services.identity.families.ListMyChildren(ListMyChildrenRequest())),
            unless_silent(services.diary.schools.ListMyPupils(ListMyPupilsRequest())),
        )
        back = wanted_back(unquote(request.cookies.get(BACK_COOKIE, "")))
        view = welcome_view(
            frame.person,
            str(visitor.person_id) if visitor else "",
            children.children if children else (),
            pupils.pupils if pupils else None,
            teaches=visitor is not None and Role.ROLE_TEACHER in visitor.roles,
            onward=back or HOME,
        )
        response = self._answers.html("welcome.html", frame, view=view)
        self._answers.forget_back(response)
        return response
