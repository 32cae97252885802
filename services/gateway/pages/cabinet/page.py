"""`/cabinet`: everything that concerns a person, with what answers just now."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import Response

from school.access.v1.policy_pb2 import Role
from school.diary.v1.journal_pb2 import ListMyLessonsRequest, ListMyLessonsResponse
from school.diary.v1.schools_pb2 import ListMyPupilsRequest, PupilInClass
from school.diary.v1.week_pb2 import GetWeekRequest, GetWeekResponse
from school.identity.v1.families_pb2 import ListMyChildrenRequest, ListMyChildrenResponse
from school.notifications.v1.inbox_pb2 import ListNoticesRequest
from services.gateway.pages.answers import Answers, unless_silent
from services.gateway.pages.cabinet.view import Children, children_view
from services.gateway.pages.journal.view import DayOfLessons, day_of_lessons
from services.gateway.pages.language import zone_of
from services.gateway.pages.notices.view import NoticeView, notice_views

NEWEST = 5
"""Notices shown here; the inbox has all."""


@dataclass(frozen=True, slots=True)
class CabinetView:
    """The cabinet."""

    greeting: str
    children: Children
    teaches: bool
    keeps_register: bool
    """Whether the person registers people and families of a school."""
    lessons: DayOfLessons | None
    notices: tuple[NoticeView, ...]
    today: date
    inbox_answered: bool
    silent: tuple[str, ...]
    """What does not answer, as keys of sentences."""

    @property
    def nothing(self) -> bool:
        """Whether the school has recorded nothing that concerns the person."""
        return not (self.children.cards or self.children.waiting or self._works or self.silent)

    @property
    def _works(self) -> bool:
        return self.teaches or self.keeps_register


class CabinetPages:
    """`/cabinet`."""

    def __init__(self, answers: Answers) -> None:
        self._answers = answers

    async def show(self, request: Request) -> Response:
        """Ask all services at once; one that is silent takes only its own part of the page away."""
        services = self._answers.door.services
        visitor = self._answers.visitor(request)
        roles = visitor.roles if visitor else frozenset()
        frame, pupils, children, lessons, inbox = await asyncio.gather(
            self._answers.frame(request),
            unless_silent(services.diary.schools.ListMyPupils(ListMyPupilsRequest())),
            self._children(Role.ROLE_GUARDIAN in roles),
            self._lessons(Role.ROLE_TEACHER in roles),
            unless_silent(services.notifications.inbox.ListNotices(ListNoticesRequest(page_size=NEWEST))),
        )
        in_class = pupils.pupils if pupils else ()
        weeks = await self._weeks(in_class)
        zones = {pupil.pupil_id: zone_of(pupil.zone) for pupil in in_class}
        silent = {
            "cabinet.silent.identity": children is None,
            "cabinet.silent.diary": pupils is None or lessons is None,
            "cabinet.silent.notices": inbox is None,
        }
        view = CabinetView(
            greeting=frame.greeting,
            children=children_view(
                str(visitor.person_id) if visitor else "",
                pupils.pupils if pupils else None,
                children.children if children else (),
                weeks,
                self._answers.clock.now(),
            ),
            teaches=Role.ROLE_TEACHER in roles,
            keeps_register=Role.ROLE_REGISTRAR in roles,
            lessons=day_of_lessons(lessons) if lessons and lessons.date else None,
            notices=notice_views(inbox.notices if inbox else (), zones),
            today=self._answers.clock.today(_first(zones)),
            inbox_answered=inbox is not None,
            silent=tuple(key for key, is_silent in silent.items() if is_silent),
        )
        return self._answers.html("cabinet.html", frame, view=view)

    async def _children(self, is_guardian: bool) -> ListMyChildrenResponse | None:
        if not is_guardian:
            return ListMyChildrenResponse()
        return await unless_silent(
            self._answers.door.services.identity.families.ListMyChildren(ListMyChildrenRequest())
        )

    async def _lessons(self, teaches: bool) -> ListMyLessonsResponse | None:
        if not teaches:
            return ListMyLessonsResponse()
        return await unless_silent(
            self._answers.door.services.diary.journal.ListMyLessons(ListMyLessonsRequest())
        )

    async def _weeks(self, pupils: Sequence[PupilInClass]) -> Mapping[str, GetWeekResponse]:
        """The present weeks by pupil, without those that do not answer."""
        week = self._answers.door.services.diary.week
        replies = await asyncio.gather(
            *(unless_silent(week.GetWeek(GetWeekRequest(pupil_id=pupil.pupil_id))) for pupil in pupils)
        )
        return {
            pupil.pupil_id: reply for pupil, reply in zip(pupils, replies, strict=True) if reply is not None
        }


def _first(zones: Mapping[str, ZoneInfo]) -> ZoneInfo:
    return next(iter(zones.values()), zone_of(""))
