"""`/pupils/{pupil_id}/week`: the open spread."""

from __future__ import annotations

import asyncio
from datetime import date, timedelta

from starlette.requests import Request
from starlette.responses import Response

from school.diary.v1.schools_pb2 import ListMyPupilsRequest
from school.diary.v1.week_pb2 import GetWeekRequest, GetWeekResponse
from services.gateway import problems
from services.gateway.pages.answers import Answers, unless_silent
from services.gateway.pages.language import zone_of
from services.gateway.pages.week.view import week_view
from services.gateway.problems import Refused
from services.kit.errors import BadDate

SUNDAY = 6
EARLIEST, LATEST = date(1990, 1, 1), date(2100, 1, 1)
"""No diary is older, and nobody plans further: dates outside are misprints."""


def asked_date(request: Request) -> str:
    """The date in the address, YYYY-MM-DD, or empty. Raises `Refused` when it is none."""
    asked = request.query_params.get("date", "")
    if not asked:
        return ""
    try:
        day = date.fromisoformat(asked)
    except ValueError:
        raise Refused(problems.of_domain(BadDate(field="date"))) from None
    if not EARLIEST <= day <= LATEST:
        raise Refused(problems.of_domain(BadDate(field="date")))
    return day.isoformat()


class WeekPages:
    """`/pupils/{pupil_id}/week`."""

    def __init__(self, answers: Answers) -> None:
        self._answers = answers

    async def show(self, request: Request) -> Response:
        """The week that holds the date asked for; without one, the week that families look at now."""
        pupil_id, asked = request.path_params["pupil_id"], asked_date(request)
        frame, week, pupils = await asyncio.gather(
            self._answers.frame(request),
            self._week(pupil_id, asked),
            unless_silent(self._answers.door.services.diary.schools.ListMyPupils(ListMyPupilsRequest())),
        )
        view = week_view(
            week,
            today=self._answers.clock.today(zone_of(week.pupil.zone)),
            pupils=pupils.pupils if pupils else (),
        )
        return self._answers.html("week.html", frame, view=view)

    async def _week(self, pupil_id: str, asked: str) -> GetWeekResponse:
        service = self._answers.door.services.diary.week
        week = await service.GetWeek(GetWeekRequest(pupil_id=pupil_id, date=asked))
        today = self._answers.clock.today(zone_of(week.pupil.zone))
        if asked or today.weekday() != SUNDAY:
            return week
        # On a Sunday the bag is packed for Monday.
        monday = (today + timedelta(days=1)).isoformat()
        return await service.GetWeek(GetWeekRequest(pupil_id=pupil_id, date=monday))
