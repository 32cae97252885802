"""`/lessons` and `/lessons/{lesson_id}`: what a teacher reads."""

from __future__ import annotations

import asyncio
from datetime import date
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import Response

from school.diary.v1.journal_pb2 import GetLessonRequest, ListMyLessonsRequest
from services.gateway.pages.answers import Answers
from services.gateway.pages.journal.view import Aftermath, day_of_lessons, journal_view
from services.gateway.pages.week.page import asked_date

FIRST_ZONE = ZoneInfo("Asia/Kamchatka")
"""Where a day begins first in the country. A lesson does not tell its zone; the diary itself refuses
marks that come too early, so a page must only not be stricter than any school."""


class JournalPages:
    """A teacher's day and the journal of a lesson."""

    def __init__(self, answers: Answers) -> None:
        self._answers = answers

    async def day(self, request: Request) -> Response:
        """The lessons of a day."""
        asked = asked_date(request)
        journal = self._answers.door.services.diary.journal
        frame, reply = await asyncio.gather(
            self._answers.frame(request), journal.ListMyLessons(ListMyLessonsRequest(date=asked))
        )
        return self._answers.html("lessons.html", frame, day=day_of_lessons(reply), is_today=not asked)

    async def lesson(self, request: Request) -> Response:
        """The journal of a lesson."""
        saved = request.query_params.get("saved", "")
        return await self.show(request, Aftermath(saved=saved))

    async def show(self, request: Request, aftermath: Aftermath, status: int = 200) -> Response:
        """The journal as it stands now, with what became of a form."""
        lesson_id = request.path_params["lesson_id"]
        frame, reply = await asyncio.gather(
            self._answers.frame(request, f"/lessons/{lesson_id}"),
            self._answers.door.services.diary.journal.GetLesson(GetLessonRequest(lesson_id=lesson_id)),
        )
        today: date = self._answers.clock.today(FIRST_ZONE)
        view = journal_view(reply, today=today, aftermath=aftermath)
        return self._answers.html("lesson.html", frame, status=status, view=view)
