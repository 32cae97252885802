"""The browser of a school's office, and what its tests have in common."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import grpc
import httpx2
from google.protobuf.message import Message

from school.access.v1.policy_pb2 import Role
from school.identity.v1.issuing_pb2 import (
    CredentialsState,
    GetIssuePersonResponse,
    IssueCapacity,
    IssuePerson,
)
from school.identity.v1.people_pb2 import FullName
from school.identity.v1.schools_pb2 import GetSchoolResponse, SchoolListing
from school.identity.v1.staff_pb2 import ListMyPostsResponse, Post
from services.gateway.sessions import FORM_FIELD
from services.kit.errors import DomainError
from tests.integration.gateway.browser import Browser
from tests.integration.gateway.stage import PUBLIC, Answer, Outside

SCHOOL, PERSON, CLASS, JOB, SOMEBODY = (str(UUID(int=number)) for number in range(1, 6))
ROOM = f"/school/{SCHOOL}"
NAME = FullName(surname="Королёва", given_name="Алёна", patronymic="Сергеевна")


class ReasonNeeded(DomainError):
    status = grpc.StatusCode.INVALID_ARGUMENT
    reason = "REASON_NEEDED"
    title = "Say why"


class Office(Browser):
    """The browser of somebody who works in the office."""

    def __init__(self, gateway: Outside, *roles: Role.ValueType) -> None:
        super().__init__(gateway)
        self.roles = frozenset(roles)
        self.proven: datetime | None = None
        self.kept: dict[str, str] = {}
        """Cookies beside those of the session."""

    async def get(self, path: str) -> httpx2.Response:
        return await self.gateway.client.get(path, headers=self._headers())

    async def post(self, path: str, **fields: str | list[str]) -> httpx2.Response:
        form = {FORM_FIELD: self.form_token(), **fields}
        headers = {**self._headers(), "Origin": PUBLIC}
        return await self.gateway.client.post(path, data=form, headers=headers)

    def _headers(self) -> dict[str, str]:
        session = self.session(roles=self.roles, proven=self.proven)
        cookies = [self.cookies(session)["Cookie"], *(f"{name}={value}" for name, value in self.kept.items())]
        return {"Cookie": "; ".join(cookies), "Accept": "text/html"}


def person(state: CredentialsState.ValueType = CredentialsState.CREDENTIALS_STATE_NONE) -> IssuePerson:
    return IssuePerson(
        person_id=PERSON,
        name=NAME,
        birth_date="1986-04-12",
        pupil_names=["Королёв Тимофей"],
        state=state,
        capacities=[IssueCapacity.ISSUE_CAPACITY_PARENT, IssueCapacity.ISSUE_CAPACITY_REPRESENTATIVE],
    )


def refuse(error: DomainError) -> Answer:
    def answer(_: object) -> Message:
        raise error

    return answer


def in_charge(gateway: Outside) -> Office:
    """Somebody who is registrar of a school in Kamchatka."""
    stage = gateway.stage
    post = Post(school_id=SCHOOL, role=Role.ROLE_REGISTRAR, school_title="Школа № 12")
    stage.on("ListMyPosts", lambda _: ListMyPostsResponse(posts=[post]))
    listing = SchoolListing(school_id=SCHOOL, title="Школа № 12", zone="Asia/Kamchatka")
    stage.on("GetSchool", lambda _: GetSchoolResponse(school=listing))
    stage.on("GetIssuePerson", lambda _: GetIssuePersonResponse(person=person()))
    return Office(gateway, Role.ROLE_REGISTRAR)
