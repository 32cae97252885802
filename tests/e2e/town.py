"""What surrounds a person at the window: the school that hands out slips, and the post that brings codes."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import asyncpg
import httpx2

from deploy.local.browser import Browser
from deploy.local.region import Region
from tests.e2e.window import cast
from tests.support.waiting import eventually

# What each capacity has to bring (R30).
_DOCUMENTS = {
    "PARENT": ("PASSPORT", "BIRTH_CERTIFICATE", "APPLICATION", "CONSENT"),
    "YOUNG_PUPIL": ("PASSPORT", "BIRTH_CERTIFICATE", "APPLICATION", "CONSENT"),
    "EMPLOYEE": ("PASSPORT", "EMPLOYMENT", "CONSENT"),
}


@dataclass(frozen=True, slots=True)
class Slip:
    """A sheet of paper from the school."""

    login: str
    password: str = field(repr=False)


class Post:
    """A person's mailbox and telephone, as the stand-ins caught what was sent there."""

    def __init__(self, region: Region) -> None:
        self._url = region.post_url

    async def code(self, mobile: str, *, after: int = 0) -> str:
        """The code of the newest SMS to a number, waited for; messages up to ``after`` are old."""
        return await self._found(mobile, r"\b(?:\d{6}|\d{8})\b", after)

    async def link(self, email: str, path: str, *, after: int = 0) -> str:
        """The newest link that begins with ``path`` in a letter to an address, waited for."""
        return await self._found(email, rf"http\S+{path}\S+", after)

    async def newest(self) -> int:
        """The number of the last message to anybody."""
        return max((message["number"] for message in await self._messages("")), default=0)

    async def _found(self, to: str, pattern: str, after: int) -> str:
        found: list[str] = []

        async def it_came() -> bool:
            for message in await self._messages(to):
                if message["number"] > after:
                    found.extend(re.findall(pattern, message["text"]))
            return bool(found)

        await eventually(it_came)
        return found[-1]

    async def _messages(self, to: str) -> list[dict[str, Any]]:
        async with httpx2.AsyncClient(trust_env=False) as http:
            answer = await http.get(f"{self._url}/messages", params={"to": to} if to else {})
        messages: list[dict[str, Any]] = answer.json()["messages"]
        return messages


class Office:
    """The registrar of the gymnasium, entered through ESIA."""

    def __init__(self, region: Region, registrar: Browser, school_id: str) -> None:
        self._region = region
        self._registrar = registrar
        self.school_id = school_id
        self._school = f"/v1/schools/{school_id}"

    @classmethod
    async def open(cls, region: Region, registrar: Browser) -> Office:
        """Have the registrar sign in."""
        page = await registrar.open(f"/sign-in?region={region.place.code}")
        page = await registrar.submit(page, page.form("/sign-in/esia"))
        page = await registrar.submit(page, page.form("/login"), person=cast(region, "registrar")["login"])
        await registrar.submit(page, page.form("/consent"), decision="provide")
        connection = await asyncpg.connect(region.database_url("identity").replace("+asyncpg", "", 1))
        try:
            school_id = await connection.fetchval(
                "SELECT school_id FROM person_roles WHERE person_id = $1::text::uuid",
                cast(region, "registrar")["person_id"],
            )
        finally:
            await connection.close()
        return cls(region, registrar, str(school_id))

    async def issue(self, person_id: str, capacity: str) -> Slip:
        """A slip for somebody who came with all documents."""
        path = f"{self._school}/people/{person_id}/credentials:issue"
        wish = {
            "request_id": str(uuid4()),
            "capacity": f"ISSUE_CAPACITY_{capacity}",
            "documents": [f"DOCUMENT_{document}" for document in _DOCUMENTS[capacity]],
            "channel": "APPLICATION_CHANNEL_PAPER",
        }
        status, reply = await self._registrar.write(path, wish)
        if status != httpx2.codes.OK:
            # They have entered before, by whatever door: then it takes a reason.
            wish |= {"request_id": str(uuid4()), "reissue_reason": "The slip was lost"}
            status, reply = await self._registrar.write(path, wish)
        assert status == httpx2.codes.OK, reply
        return Slip(reply["slip"]["login"], reply["slip"]["temporary_password"])

    async def person(self, person_id: str) -> dict[str, Any]:
        """Somebody as the office sees them: ``name``, ``birth_date``."""
        _, reply = await self._registrar.read(f"{self._school}/issuing/people/{person_id}")
        found: dict[str, Any] = reply["person"]
        return found

    async def parent_without_credentials(self, *, besides: Collection[str] = ()) -> str:
        """Somebody who has never entered, and is nobody of the cast."""
        return await self._without_credentials("PARENT", besides)

    async def pupil_without_credentials(self, *, besides: Collection[str] = ()) -> str:
        """A pupil below 14 who has never entered, and is nobody of the cast."""
        return await self._without_credentials("YOUNG_PUPIL", besides)

    async def _without_credentials(self, capacity: str, besides: Collection[str]) -> str:
        assert self._region.demo
        known = {member["person_id"] for member in self._region.demo.facts["cast"].values()} | set(besides)
        _, reply = await self._registrar.read(f"{self._school}/issuing/classes")
        for group in reply["classes"]:
            _, people = await self._registrar.read(
                f"{self._school}/issuing/classes/{group['class_id']}/people"
            )
            for person in people["people"]:
                new = person["state"] == "CREDENTIALS_STATE_NONE" and person["person_id"] not in known
                if new and f"ISSUE_CAPACITY_{capacity}" in person["capacities"]:
                    return str(person["person_id"])
        raise AssertionError(f"everybody of the gymnasium has credentials in the capacity of {capacity}")
