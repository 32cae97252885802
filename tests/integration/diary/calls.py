"""Calling the diary over gRPC as a person, and what a refusal says."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import UUID, uuid4

import grpc
import pytest

from school.access.v1.policy_pb2 import ROLE_GUARDIAN, ROLE_PUPIL, ROLE_TEACHER, Role
from school.diary.v1 import (
    homework_pb2,
    homework_pb2_grpc,
    journal_pb2,
    journal_pb2_grpc,
    marks_pb2,
    marks_pb2_grpc,
    remarks_pb2,
    remarks_pb2_grpc,
    schools_pb2,
    schools_pb2_grpc,
    views_pb2,
    views_pb2_grpc,
    week_pb2,
    week_pb2_grpc,
)
from services.kit.rpc.status import Refusal, refusal
from tests.support.clock import MovableClock
from tests.support.keys import Keys

TIMEOUT_S = 10.0


@dataclass(slots=True)
class Refused:
    """What the refusal of a call said, once it came."""

    code: grpc.StatusCode | None = None
    said: Refusal | None = None


@contextmanager
def refused(reason: str) -> Iterator[Refused]:
    """The block's call is refused for ``reason``."""
    outcome = Refused()
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        yield outcome
    outcome.code = caught.value.code()
    outcome.said = refusal(caught.value)
    assert outcome.said.reason == reason


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who calls the diary."""

    channel: grpc.aio.Channel
    keys: Keys
    clock: MovableClock
    person_id: UUID
    roles: frozenset[Role.ValueType]

    @property
    def metadata(self) -> tuple[tuple[str, str], ...]:
        """With a token that is fresh by the test's clock."""
        token, _ = self.keys.issuer(clock=self.clock).issue(
            person_id=self.person_id, account_id=uuid4(), session_id=uuid4(), roles=self.roles
        )
        return (("authorization", f"Bearer {token}"),)

    async def week(self, pupil_id: UUID | str, date: str = "") -> week_pb2.GetWeekResponse:
        """`GetWeek`."""
        stub = week_pb2_grpc.WeekServiceStub(self.channel)
        request = week_pb2.GetWeekRequest(pupil_id=str(pupil_id), date=date)
        return await stub.GetWeek(request, metadata=self.metadata, timeout=TIMEOUT_S)

    async def pupils(self) -> list[schools_pb2.PupilInClass]:
        """`ListMyPupils`."""
        stub = schools_pb2_grpc.SchoolsServiceStub(self.channel)
        request = schools_pb2.ListMyPupilsRequest()
        reply = await stub.ListMyPupils(request, metadata=self.metadata, timeout=TIMEOUT_S)
        return list(reply.pupils)

    async def views(
        self, pupil_id: UUID | str, *, page_size: int = 0, page_token: str = ""
    ) -> views_pb2.ListViewsResponse:
        """`ListViews`."""
        stub = views_pb2_grpc.ViewsServiceStub(self.channel)
        request = views_pb2.ListViewsRequest(
            pupil_id=str(pupil_id), page_size=page_size, page_token=page_token
        )
        return await stub.ListViews(request, metadata=self.metadata, timeout=TIMEOUT_S)

    async def lessons(self, date: str = "") -> journal_pb2.ListMyLessonsResponse:
        """`ListMyLessons`."""
        stub = journal_pb2_grpc.JournalServiceStub(self.channel)
        request = journal_pb2.ListMyLessonsRequest(date=date)
        return await stub.ListMyLessons(request, metadata=self.metadata, timeout=TIMEOUT_S)

    async def lesson(self, lesson_id: UUID | str) -> journal_pb2.GetLessonResponse:
        """`GetLesson`."""
        stub = journal_pb2_grpc.JournalServiceStub(self.channel)
        request = journal_pb2.GetLessonRequest(lesson_id=str(lesson_id))
        return await stub.GetLesson(request, metadata=self.metadata, timeout=TIMEOUT_S)

    async def set_mark(
        self,
        lesson_id: UUID | str,
        pupil_id: UUID | str,
        text: str,
        *,
        based_on: int = 0,
        comment: str = "",
        request_id: str | None = None,
    ) -> marks_pb2.MarkOnLesson:
        """`SetMark`."""
        request = marks_pb2.SetMarkRequest(
            lesson_id=str(lesson_id),
            request_id=str(uuid4()) if request_id is None else request_id,
            pupil_id=str(pupil_id),
            text=text,
            based_on_version=based_on,
            comment=comment,
        )
        stub = marks_pb2_grpc.MarksServiceStub(self.channel)
        return (await stub.SetMark(request, metadata=self.metadata, timeout=TIMEOUT_S)).mark

    async def remove_mark(
        self, lesson_id: UUID, pupil_id: UUID, *, based_on: int, reason: str = "", request_id: str = ""
    ) -> marks_pb2.MarkOnLesson:
        """`RemoveMark`."""
        request = marks_pb2.RemoveMarkRequest(
            lesson_id=str(lesson_id),
            request_id=request_id or str(uuid4()),
            pupil_id=str(pupil_id),
            based_on_version=based_on,
            reason=reason,
        )
        stub = marks_pb2_grpc.MarksServiceStub(self.channel)
        return (await stub.RemoveMark(request, metadata=self.metadata, timeout=TIMEOUT_S)).mark

    async def set_homework(
        self, lesson_id: UUID, text: str, *, based_on: int = 0, request_id: str = ""
    ) -> homework_pb2.Homework:
        """`SetHomework`."""
        request = homework_pb2.SetHomeworkRequest(
            lesson_id=str(lesson_id),
            request_id=request_id or str(uuid4()),
            text=text,
            based_on_version=based_on,
        )
        stub = homework_pb2_grpc.HomeworkServiceStub(self.channel)
        return (await stub.SetHomework(request, metadata=self.metadata, timeout=TIMEOUT_S)).homework

    async def remark(
        self, lesson_id: UUID, pupil_id: UUID, text: str, *, request_id: str = ""
    ) -> remarks_pb2.Remark:
        """`LeaveRemark`."""
        request = remarks_pb2.LeaveRemarkRequest(
            lesson_id=str(lesson_id),
            request_id=request_id or str(uuid4()),
            pupil_id=str(pupil_id),
            text=text,
        )
        stub = remarks_pb2_grpc.RemarksServiceStub(self.channel)
        return (await stub.LeaveRemark(request, metadata=self.metadata, timeout=TIMEOUT_S)).remark


@dataclass(frozen=True, slots=True)
class Calls:
    """Makes callers."""

    channel: grpc.aio.Channel
    keys: Keys
    clock: MovableClock

    def by(self, person_id: UUID, *roles: Role.ValueType) -> Person:
        """Somebody with these roles in the token."""
        return Person(self.channel, self.keys, self.clock, person_id, frozenset(roles))

    def teacher(self, person_id: UUID) -> Person:
        """A teacher."""
        return self.by(person_id, ROLE_TEACHER)

    def guardian(self, person_id: UUID) -> Person:
        """A guardian."""
        return self.by(person_id, ROLE_GUARDIAN)

    def pupil(self, person_id: UUID) -> Person:
        """A pupil."""
        return self.by(person_id, ROLE_PUPIL)
