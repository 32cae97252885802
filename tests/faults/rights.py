"""People whose rights are taken away while nothing can be told, and those who keep theirs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID, uuid4

import asyncpg
import httpx2

from deploy.local.region import Region
from school.access.v1.policy_pb2 import Role
from tests.e2e.window import credentials
from tests.support.people import Cell, People


@dataclass(frozen=True, slots=True)
class Two:
    """A pupil with two guardians, and the school that registered them."""

    school_id: UUID
    registrar_id: UUID
    pupil_id: UUID
    relation_id: UUID
    """Of the first guardian."""
    first: UUID
    second: UUID


@dataclass(frozen=True, slots=True)
class Reader:
    """Somebody who looks at a pupil's week through the public door."""

    http: httpx2.AsyncClient
    pupil_id: str
    token: str

    async def reads(self) -> str:
        """Why the week is refused; empty when it is shown."""
        headers = {"Authorization": f"Bearer {self.token}"}
        answer = await self.http.get(f"/v1/pupils/{self.pupil_id}/week", headers=headers)
        if answer.status_code == httpx2.codes.OK:
            return ""
        assert answer.headers["content-type"] == "application/problem+json", answer.text
        return str(answer.json()["reason"])

    async def is_told_of(self, cell: Cell) -> bool:
        """Whether the inbox has a notice of a mark on that lesson."""
        headers = {"Authorization": f"Bearer {self.token}"}
        answer = await self.http.get("/v1/me/notices?page_size=200", headers=headers)
        assert answer.status_code == httpx2.codes.OK, answer.text
        wanted = (str(cell.pupil_id), cell.subject_title, cell.lesson_date.isoformat())
        return wanted in {
            (notice["pupil_id"], notice["subject_title"], notice["lesson_date"])
            for notice in answer.json()["notices"]
        }


@dataclass(frozen=True, slots=True)
class Office:
    """A region's people, and what its registrars do through the public door."""

    http: httpx2.AsyncClient
    people: People

    def reader(self, person_id: UUID, pupil_id: UUID, role: Role.ValueType) -> Reader:
        """A person who looks at a pupil's week."""
        return Reader(self.http, str(pupil_id), self.people.token(person_id, role))

    async def end_relation(self, of: Two) -> None:
        """The school ends the first guardian's relation."""
        path = f"/v1/schools/{of.school_id}/relations/{of.relation_id}:end"
        await self._post(path, of, {"reason": "решение опеки"})

    async def forbid(self, of: Two) -> None:
        """A court forbids the first guardian access."""
        body = {
            "guardian_id": str(of.first),
            "pupil_id": str(of.pupil_id),
            "kind": "COURT_LIMIT_KIND_NO_ACCESS",
            "document": "Решение суда № 2-118",
            "valid_from": date.today().isoformat(),  # noqa: DTZ011 - the machine's day is the school's here
        }
        await self._post(f"/v1/schools/{of.school_id}/court-limits", of, body)

    async def set_mark(self, cell: Cell) -> None:
        """A teacher sets a mark."""
        answer = await self.http.post(
            f"/v1/lessons/{cell.lesson_id}/marks",
            headers={"Authorization": f"Bearer {cell.teacher_token}", "Idempotency-Key": uuid4().hex},
            json={"pupil_id": str(cell.pupil_id), "text": "5"},
        )
        assert answer.status_code == httpx2.codes.OK, answer.text

    async def sign_in(self, region: Region) -> Reader:
        """A parent who enters by password and looks at the first child."""
        issued = credentials(region, "parent_b_without_snils")
        answer = await self.http.post("/v1/sign-in/password", json=dict(issued))
        assert answer.status_code == httpx2.codes.OK, answer.text
        session = answer.json()["signed_in"]["session"]
        headers = {"Authorization": f"Bearer {session['access_token']}"}
        children = await self.http.get("/v1/me/children", headers=headers)
        pupil_id = children.json()["children"][0]["person_id"]
        return Reader(self.http, pupil_id, session["access_token"])

    async def sign_out(self, of: Reader) -> None:
        """The parent ends the session."""
        headers = {"Authorization": f"Bearer {of.token}"}
        answer = await self.http.post("/v1/sessions:end", headers=headers, json={})
        assert answer.status_code == httpx2.codes.OK, answer.text

    async def _post(self, path: str, of: Two, body: dict[str, str]) -> None:
        token = self.people.token(of.registrar_id, Role.ROLE_REGISTRAR)
        answer = await self.http.post(path, headers={"Authorization": f"Bearer {token}"}, json=body)
        assert answer.status_code == httpx2.codes.OK, answer.text


async def families_of_two(region: Region, count: int) -> list[Two]:
    """Families with two guardians each, in schools with a registrar who is none of them."""
    url = region.database_url("identity").replace("postgresql+asyncpg://", "postgresql://")
    connection = await asyncpg.connect(url)
    try:
        rows = await connection.fetch(
            """
            SELECT DISTINCT ON (one.pupil_id)
                one.school_id, staff.person_id, one.pupil_id, one.id, one.guardian_id, two.guardian_id
            FROM relations one
            JOIN relations two ON two.pupil_id = one.pupil_id AND two.guardian_id > one.guardian_id
            JOIN person_roles staff ON staff.school_id = one.school_id AND staff.role = 'REGISTRAR'
            WHERE one.ended_at IS NULL AND two.ended_at IS NULL
                AND least(one.valid_until, two.valid_until, 'infinity') > current_date + 1
                AND staff.person_id NOT IN (one.guardian_id, two.guardian_id)
            ORDER BY one.pupil_id, staff.person_id
            """
        )
    finally:
        await connection.close()
    used: set[UUID] = set()
    found: list[Two] = []
    for row in rows:
        two = Two(*row)
        if len(found) < count and not used & {two.first, two.second}:
            used |= {two.first, two.second}
            found.append(two)
    return found
