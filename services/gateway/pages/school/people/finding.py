"""Finding somebody at the desk, by full name and birth date or SNILS."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from starlette.requests import Request

from school.identity.v1.issuing_pb2 import FindPeopleRequest
from services.gateway.pages.school.dates import date_typed
from services.gateway.pages.school.desk import Desk, SchoolView
from services.gateway.pages.school.people.view import Found, person_views
from services.gateway.problems import Refused

TOLD_BESIDE_SEARCH: Final = frozenset({"SEARCH_TOO_WIDE", "BAD_BIRTH_DATE", "BAD_SNILS", "BAD_NAME"})


async def find(desk: Desk, request: Request, school: SchoolView) -> tuple[Found, int]:
    """Who was found by what was typed, or why nobody was looked for; and the status of the answer."""
    name, typed = desk.name(request), desk.field(request, "birth_date")
    birth_date, snils = date_typed(typed), desk.field(request, "snils")
    found = Found(name.surname, name.given_name, name.patronymic, typed, by_snils=bool(snils))
    if birth_date is None:
        return replace(found, reason="BAD_BIRTH_DATE"), 400
    wish = FindPeopleRequest(school_id=school.school_id, name=name, birth_date=birth_date, snils=snils)
    try:
        reply = await desk.services.identity.issuing.FindPeople(wish)
    except Refused as refused:
        if refused.reason not in TOLD_BESIDE_SEARCH:
            raise
        return replace(found, reason=refused.reason), refused.problem.status
    return replace(found, people=person_views(reply.people, school.zone)), 200
