"""What a teacher sends without a script: marks, homework and remarks as plain forms."""

from __future__ import annotations

from uuid import UUID, uuid5

from starlette.requests import Request
from starlette.responses import Response

from school.diary.v1.homework_pb2 import SetHomeworkRequest
from school.diary.v1.marks_pb2 import RemoveMarkRequest, SetMarkRequest
from school.diary.v1.remarks_pb2 import LeaveRemarkRequest
from services.gateway.pages.answers import Answers
from services.gateway.pages.journal.page import JournalPages
from services.gateway.pages.journal.view import Aftermath, Removed, RowTrouble
from services.gateway.problems import Refused

TOLD_IN_THE_ROW = frozenset(
    {
        "STALE_MARK",
        "STALE_HOMEWORK",
        "UNKNOWN_MARK",
        "LESSON_AHEAD",
        "NOT_IN_CLASS",
        "NO_MARK",
        "TEXT_TOO_LONG",
        "EMPTY_TEXT",
        "REQUEST_ID_REUSED",
    }
)
"""Refusals that are told beside the cell, with what was typed kept; all others take the whole page."""


class JournalForms:
    """POST to `/lessons/{lesson_id}/…`."""

    def __init__(self, answers: Answers, pages: JournalPages) -> None:
        self._answers = answers
        self._pages = pages
        self._diary = answers.door.services.diary

    async def mark(self, request: Request) -> Response:
        """Set or replace a mark; an emptied cell removes it."""
        lesson_id, pupil, version = self._cell(request)
        text = self._field(request, "mark").strip()
        if not text:
            return await self.remove(request) if version else self._back(lesson_id, "", pupil)
        wish = SetMarkRequest(
            lesson_id=lesson_id,
            request_id=self._request_id(request, "mark", pupil, str(version), text),
            pupil_id=pupil,
            text=text,
            based_on_version=version,
        )
        try:
            await self._diary.marks.SetMark(wish)
        except Refused as refused:
            return await self._told(request, pupil, text, refused)
        return self._back(lesson_id, pupil, pupil)

    async def remove(self, request: Request) -> Response:
        """Remove a mark. The answer is the journal itself, with a button that puts the mark back."""
        lesson_id, pupil, version = self._cell(request)
        was = self._field(request, "was")
        wish = RemoveMarkRequest(
            lesson_id=lesson_id,
            request_id=self._request_id(request, "remove", pupil, str(version)),
            pupil_id=pupil,
            based_on_version=version,
        )
        try:
            reply = await self._diary.marks.RemoveMark(wish)
        except Refused as refused:
            return await self._told(request, pupil, "", refused)
        if not was:
            return self._back(lesson_id, pupil, pupil)
        return await self._pages.show(request, Aftermath(removed={pupil: Removed(was, reply.mark.version)}))

    async def homework(self, request: Request) -> Response:
        """Set, replace or take back the homework for the lesson."""
        lesson_id = request.path_params["lesson_id"]
        version, text = self._version(request), self._field(request, "text").strip()
        wish = SetHomeworkRequest(
            lesson_id=lesson_id,
            request_id=self._request_id(request, "homework", str(version), text),
            text=text,
            based_on_version=version,
        )
        try:
            await self._diary.homework.SetHomework(wish)
        except Refused as refused:
            if refused.reason not in TOLD_IN_THE_ROW:
                raise
            trouble = RowTrouble(refused.reason, text)
            return await self._pages.show(
                request, Aftermath(homework_trouble=trouble), refused.problem.status
            )
        return self._back(lesson_id, "homework", "")

    async def remark(self, request: Request) -> Response:
        """Leave a remark about a pupil."""
        lesson_id = request.path_params["lesson_id"]
        pupil, text = self._field(request, "pupil"), self._field(request, "text").strip()
        wish = LeaveRemarkRequest(
            lesson_id=lesson_id,
            request_id=self._request_id(request, "remark", pupil, text),
            pupil_id=pupil,
            text=text,
        )
        try:
            await self._diary.remarks.LeaveRemark(wish)
        except Refused as refused:
            return await self._told(request, pupil, text, refused)
        return self._back(lesson_id, pupil, pupil)

    # --- what the forms have in common ---

    def _field(self, request: Request, name: str) -> str:
        return str(self._answers.door.sessions.form(request).get(name, ""))

    def _version(self, request: Request) -> int:
        told = self._field(request, "based_on_version")
        return int(told) if told.isascii() and told.isdecimal() and len(told) < 18 else 0

    def _cell(self, request: Request) -> tuple[str, str, int]:
        return request.path_params["lesson_id"], self._field(request, "pupil"), self._version(request)

    def _request_id(self, request: Request, *wish: str) -> str:
        """The same wish from the same session has the same id, so a double press is one deed."""
        visitor = self._answers.visitor(request)
        session = visitor.caller.session_id if visitor else UUID(int=0)
        return str(uuid5(session, "\n".join((request.path_params["lesson_id"], *wish))))

    def _back(self, lesson_id: str, saved: str, pupil: str) -> Response:
        query = f"?saved={saved}" if saved else ""
        return self._answers.see_other(f"/lessons/{lesson_id}{query}{f'#p-{pupil}' if pupil else ''}")

    async def _told(self, request: Request, pupil: str, wished: str, refused: Refused) -> Response:
        if refused.reason not in TOLD_IN_THE_ROW:
            raise refused
        trouble = RowTrouble(refused.reason, wished)
        return await self._pages.show(request, Aftermath(troubles={pupil: trouble}), refused.problem.status)
