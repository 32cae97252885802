"""`/notices`: the inbox."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import date

from starlette.requests import Request
from starlette.responses import Response

from school.diary.v1.schools_pb2 import ListMyPupilsRequest
from school.notifications.v1.inbox_pb2 import ListNoticesRequest, ReadNoticesRequest
from services.gateway.pages.answers import Answers, unless_silent
from services.gateway.pages.language import zone_of
from services.gateway.pages.notices.view import DayOfNotices, by_day, notice_views

PAGE = 50


@dataclass(frozen=True, slots=True)
class InboxView:
    """A page of the inbox."""

    days: tuple[DayOfNotices, ...]
    unread: int
    newest: str
    """The notice up to which "mark all as read" reads; empty where it is not known."""
    older: str
    """The token of the next page; empty on the last."""
    is_later_page: bool
    today: date


class NoticePages:
    """`/notices` and `/notices/read`."""

    def __init__(self, answers: Answers) -> None:
        self._answers = answers

    async def show(self, request: Request) -> Response:
        """A page of notices, the newest first."""
        token = request.query_params.get("page", "")[:500]
        services = self._answers.door.services
        frame, reply, pupils = await asyncio.gather(
            self._answers.frame(request),
            services.notifications.inbox.ListNotices(ListNoticesRequest(page_size=PAGE, page_token=token)),
            unless_silent(services.diary.schools.ListMyPupils(ListMyPupilsRequest())),
        )
        zones = {pupil.pupil_id: zone_of(pupil.zone) for pupil in (pupils.pupils if pupils else ())}
        view = InboxView(
            days=by_day(notice_views(reply.notices, zones)),
            unread=reply.unread_count,
            newest=reply.notices[0].notice_id if reply.notices and not token else "",
            older=reply.next_page_token,
            is_later_page=bool(token),
            today=self._answers.clock.today(next(iter(zones.values()), zone_of(""))),
        )
        return self._answers.html("notices.html", frame, view=view)

    async def read(self, request: Request) -> Response:
        """Mark as read everything that was on the page."""
        up_to = str(self._answers.door.sessions.form(request).get("up_to", ""))
        await self._answers.door.services.notifications.inbox.ReadNotices(
            ReadNoticesRequest(up_to_notice_id=up_to)
        )
        return self._answers.see_other("/notices")
