"""What every page of the office needs: the school, what the visitor is there, and the fields of a form."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from starlette.requests import Request

from school.access.v1.policy_pb2 import Role
from school.identity.v1.people_pb2 import FullName
from school.identity.v1.schools_pb2 import GetSchoolRequest, GetSchoolResponse
from school.identity.v1.staff_pb2 import ListMyPostsRequest, ListMyPostsResponse, Post
from services.gateway.calls import Services
from services.gateway.pages.answers import Answers, unless_silent
from services.gateway.pages.frame import Frame
from services.gateway.pages.language import zone_of
from services.gateway.problems import NoSuchPath

REGION_URL: Final = "/region"
"""Where the pages of the region's operator begin."""
ISSUERS: Final = frozenset({Role.ROLE_REGISTRAR, Role.ROLE_TEACHER})
"""Who may issue credentials: a registrar to the whole school, a homeroom teacher to the own class (R29)."""
_LONGEST: Final = 500
"""Characters that are read of a field; services refuse less."""


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the office, as its navigation names it."""

    name: str
    key: str
    url: str


@dataclass(frozen=True, slots=True)
class SchoolView:
    """The school whose office is open, and what the visitor does there."""

    school_id: str
    title: str
    """Empty while nobody could say."""
    zone: ZoneInfo
    roles: frozenset[Role.ValueType]

    @property
    def url(self) -> str:
        """Where its pages begin."""
        return f"/school/{self.school_id}"

    @property
    def registers(self) -> bool:
        """Whether the visitor acts as its registrar."""
        return Role.ROLE_REGISTRAR in self.roles

    @property
    def sections(self) -> tuple[Section, ...]:
        """The parts of the office that are open to the visitor."""
        found = [Section("overview", "school.overview", "/school")]
        if self.roles & ISSUERS:
            found.append(Section("find", "school.find", f"{self.url}/find"))
        if self.registers:
            found.append(Section("register", "school.register", f"{self.url}/register"))
            found.append(Section("cases", "school.cases", f"{self.url}/cases"))
            found.append(Section("corrections", "school.corrections", f"{self.url}/corrections"))
            found.append(Section("requests", "school.requests", f"{self.url}/requests"))
            found.append(Section("families", "school.families", f"{self.url}/families"))
        if self.roles & {Role.ROLE_SCHOOL_ADMINISTRATOR, Role.ROLE_OPERATOR}:
            found.append(Section("staff", "school.staff", f"{self.url}/staff"))
        return tuple(found)


def school_view(
    school_id: str,
    told: GetSchoolResponse | None,
    posts: Sequence[Post] | None,
    acting: Collection[Role.ValueType],
) -> SchoolView:
    """The school, as far as services answer; ``acting``: the roles of the visitor's token.

    While nobody tells where the roles are held, all of them count: the services look for themselves.
    """
    if posts is None:
        roles = frozenset(acting)
    else:
        here = {post.role for post in posts if post.school_id in {school_id, ""}}
        roles = frozenset(here & set(acting))
    title = told.school.title if told else ""
    return SchoolView(school_id, title, zone_of(told.school.zone if told else ""), roles)


REGION_SECTIONS: Final = (
    Section("overview", "operator.overview", REGION_URL),
    Section("register", "school.register", f"{REGION_URL}/register"),
    Section("cases", "school.cases", f"{REGION_URL}/cases"),
    Section("staff", "operator.staff", f"{REGION_URL}/staff"),
    Section("deliveries", "operator.deliveries", f"{REGION_URL}/deliveries"),
    Section("audit", "operator.audit", f"{REGION_URL}/audit"),
)
"""The parts of an operator's office."""


class Desk:
    """Asks for what surrounds a page of the office, and reads its forms."""

    def __init__(self, answers: Answers) -> None:
        self.answers = answers

    @property
    def services(self) -> Services:
        """Whom pages ask."""
        return self.answers.door.services

    def roles(self, request: Request) -> frozenset[Role.ValueType]:
        """In which roles the visitor acts."""
        visitor = self.answers.visitor(request)
        return visitor.roles if visitor else frozenset()

    async def posts(self) -> ListMyPostsResponse | None:
        """Where the visitor works; None when nobody says."""
        return await unless_silent(self.services.identity.staff.ListMyPosts(ListMyPostsRequest()))

    async def open(self, request: Request, path: str | None = None) -> tuple[Frame, SchoolView]:
        """Frame and school of a page; ``path``: of the page that a form's answer shows again."""
        school_id = self.id_in_path(request, "school_id")
        frame, told, posts = await asyncio.gather(
            self.answers.frame(request, path),
            unless_silent(self.services.identity.schools.GetSchool(GetSchoolRequest(school_id=school_id))),
            self.posts(),
        )
        return frame, school_view(school_id, told, posts.posts if posts else None, self.roles(request))

    def id_in_path(self, request: Request, name: str) -> str:
        """An id of the path. Raises `NoSuchPath` when it is none: such a page does not exist."""
        return canonical_id(request.path_params[name])

    def field(self, request: Request, name: str) -> str:
        """What was typed into a field, without spaces around it."""
        return str(self.answers.door.sessions.form(request).get(name, ""))[:_LONGEST].strip()

    def fields(self, request: Request, name: str) -> frozenset[str]:
        """What was ticked of several boxes of one name."""
        return frozenset(str(value) for value in self.answers.door.sessions.form(request).getlist(name))

    def name(self, request: Request) -> FullName:
        """The name that was typed."""
        return FullName(
            surname=self.field(request, "surname"),
            given_name=self.field(request, "given_name"),
            patronymic=self.field(request, "patronymic"),
        )

    def request_id(self, request: Request) -> str:
        """The id that the form carries, so that a double press is one deed."""
        return self.field(request, "request_id") or new_request_id()


def canonical_id(text: str) -> str:
    """An id as services write it. Raises `NoSuchPath` when it is none."""
    try:
        return str(UUID(text))
    except ValueError:
        raise NoSuchPath from None


def new_request_id() -> str:
    """What a form carries from the moment it is shown."""
    return str(uuid4())
