"""`/school/{school_id}/new-person`: the registrar registers somebody by their documents."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import Response

from school.access.v1.policy_pb2 import Role
from school.identity.v1.issuing_pb2 import FindPeopleRequest
from school.identity.v1.people_pb2 import FullName, RegisterPersonRequest, RegisterPersonResponse
from services.gateway.pages.frame import ROLE_KEYS, Frame
from services.gateway.pages.school.dates import date_typed
from services.gateway.pages.school.desk import Desk, SchoolView, new_request_id
from services.gateway.pages.school.people.view import PersonView, person_views
from services.gateway.problems import Problem, Refused
from services.kit.errors import RoleNeeded

OFFERED: Final = {role: ROLE_KEYS[role] for role in (Role.ROLE_PUPIL, Role.ROLE_GUARDIAN, Role.ROLE_TEACHER)}
"""What a school registers; all other rights are the administrator's to give."""
REGISTERED_DONE: Final = {
    "registered": "new_person.done",
    "returned": "new_person.returned",
    "disputed": "new_person.disputed",
}
"""What the person's page says afterwards."""
_NAME: Final = ("surname", "given_name", "patronymic")
_FIELDS: Final = {"BAD_BIRTH_DATE": "birth_date", "BAD_SNILS": "snils", "BAD_ROLES": "role"}
"""Beside which field a refusal is told; that of a name says itself which part it is."""
_TOLD: Final = frozenset({"BAD_NAME", *_FIELDS, "SNILS_TAKEN", "REQUEST_ID_REUSED"})
_BAD: Final = 400


@dataclass(frozen=True, slots=True)
class RoleBox:
    """Something that the person can be at the school."""

    name: str
    key: str
    ticked: bool


@dataclass(frozen=True, slots=True)
class Typed:
    """What the form held; printed, it shows nothing."""

    name: FullName = field(default_factory=FullName, repr=False)
    birth_date: str = field(default="", repr=False)
    """As typed. The SNILS is never shown again."""
    roles: tuple[Role.ValueType, ...] = ()
    had_snils: bool = False
    documents_seen: bool = False
    another: bool = False
    """Who is registered under that name and date is somebody else."""
    request_id: str = ""


@dataclass(frozen=True, slots=True)
class NewPersonForm:
    """The form, and what became of it."""

    surname: str = field(repr=False)
    given_name: str = field(repr=False)
    patronymic: str = field(repr=False)
    birth_date: str = field(repr=False)
    boxes: tuple[RoleBox, ...]
    had_snils: bool
    documents_seen: bool
    request_id: str
    reason: str = ""
    """Why nobody was registered."""
    wrong: frozenset[str] = frozenset()
    """The fields that it is about."""
    namesakes: tuple[PersonView, ...] = field(default=(), repr=False)
    """Who is registered at the school under that name, with that birth date or SNILS."""

    @property
    def taken(self) -> bool:
        """Whether the SNILS is somebody else's, so that a document has to decide."""
        return self.reason == "SNILS_TAKEN" or self.documents_seen


class RegisteringPages:
    """The form, and registering."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def ask(self, request: Request) -> Response:
        """The form."""
        frame, school = await self._open(request)
        return self._page(frame, school, _form(Typed(request_id=new_request_id())))

    async def register(self, request: Request) -> Response:
        """Register, unless somebody is there who may be the same person."""
        frame, school = await self._open(request)
        typed, snils = self._typed(request), self._desk.field(request, "snils")
        birth_date = date_typed(typed.birth_date)
        form = _form(typed)
        missing = _missing(typed, birth_date, snils)
        if missing or not birth_date:
            return self._page(frame, school, replace(form, reason="FIELDS", wrong=missing), _BAD)
        wish = RegisterPersonRequest(
            school_id=school.school_id,
            request_id=typed.request_id,
            name=typed.name,
            birth_date=birth_date,
            snils=snils,
            roles=typed.roles,
            documents_seen=typed.documents_seen,
        )
        try:
            if not typed.another:
                namesakes = await self._namesakes(wish, school.zone)
                if namesakes:
                    return self._page(frame, school, replace(form, namesakes=namesakes))
            reply = await self._desk.services.identity.people.RegisterPerson(wish)
        except Refused as refused:
            if refused.reason not in _TOLD:
                raise
            return self._page(frame, school, _refused(form, refused.problem), refused.problem.status)
        return self._desk.answers.see_other(_person_url(wish.school_id, reply))

    async def _namesakes(self, wish: RegisterPersonRequest, zone: ZoneInfo) -> tuple[PersonView, ...]:
        """Who of the school has the same name with the same birth date or SNILS."""
        reply = await self._desk.services.identity.issuing.FindPeople(
            FindPeopleRequest(
                school_id=wish.school_id, name=wish.name, birth_date=wish.birth_date, snils=wish.snils
            )
        )
        return person_views(reply.people, zone)

    def _typed(self, request: Request) -> Typed:
        ticked = self._desk.fields(request, "role")
        return Typed(
            name=self._desk.name(request),
            birth_date=self._desk.field(request, "birth_date"),
            roles=tuple(role for role in OFFERED if Role.Name(role) in ticked),
            had_snils=bool(self._desk.field(request, "snils")),
            documents_seen=bool(self._desk.field(request, "documents_seen")),
            another=bool(self._desk.field(request, "another")),
            request_id=self._desk.request_id(request),
        )

    async def _open(self, request: Request) -> tuple[Frame, SchoolView]:
        """Frame and school. Raises `RoleNeeded`: nobody else fills in a form that would be refused."""
        school_id = self._desk.id_in_path(request, "school_id")
        frame, school = await self._desk.open(request, f"/school/{school_id}/new-person")
        if not school.registers:
            raise RoleNeeded
        return frame, school

    def _page(self, frame: Frame, school: SchoolView, form: NewPersonForm, status: int = 200) -> Response:
        return self._desk.answers.html(
            "school/new_person.html", frame, status=status, school=school, form=form
        )


def _form(typed: Typed) -> NewPersonForm:
    return NewPersonForm(
        surname=typed.name.surname,
        given_name=typed.name.given_name,
        patronymic=typed.name.patronymic,
        birth_date=typed.birth_date,
        boxes=tuple(RoleBox(Role.Name(role), key, role in typed.roles) for role, key in OFFERED.items()),
        had_snils=typed.had_snils,
        documents_seen=typed.documents_seen,
        request_id=typed.request_id,
    )


def _missing(typed: Typed, birth_date: str | None, snils: str) -> frozenset[str]:
    """The fields that need no service to be found wrong."""
    empty: Mapping[str, bool] = {
        "surname": not typed.name.surname,
        "given_name": not typed.name.given_name,
        "birth_date": not birth_date,
        "role": not typed.roles,
        # A document was seen for a number that nobody has typed.
        "snils": typed.documents_seen and not snils,
    }
    return frozenset(name for name, is_wrong in empty.items() if is_wrong)


def _refused(form: NewPersonForm, problem: Problem) -> NewPersonForm:
    wrong = {_FIELDS[problem.reason]} if problem.reason in _FIELDS else set()
    if problem.reason == "BAD_NAME":
        part = problem.metadata.get("part", "")
        # Of a mixture of alphabets nobody can say which part is right.
        wrong = {part} if part in _NAME else set(_NAME)
    again = new_request_id() if problem.reason == "REQUEST_ID_REUSED" else form.request_id
    return replace(form, reason=problem.reason, wrong=frozenset(wrong), request_id=again)


def _person_url(school_id: str, reply: RegisterPersonResponse) -> str:
    done = "returned" if reply.returned else "disputed" if reply.snils_disputed else "registered"
    return f"/school/{school_id}/people/{reply.person.person_id}?done={done}"
