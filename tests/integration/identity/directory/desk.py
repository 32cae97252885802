"""The directory as a service asks it, and a family that it is asked about."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import insert, update

from school.access.v1.scope_pb2 import SCOPE_HOMEWORK
from school.identity.v1 import directory_pb2, directory_pb2_grpc
from school.identity.v1.directory_pb2 import (
    MayPersonSeePupilResponse,
    ResolvePersonResponse,
)
from services.identity.delegations.storage import delegations
from services.identity.families.storage import relations
from services.kit.ids import new_id
from tests.support.clock import MovableClock
from tests.support.identity import DEADLINE, Registered, Town
from tests.support.other_services import Service

Metadata = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Desk:
    """The directory, asked by a service."""

    stub: directory_pb2_grpc.DirectoryServiceAsyncStub
    service: Service
    clock: MovableClock

    def metadata(self, **token: Any) -> Metadata:
        """The service's token as a call carries it."""
        return (("authorization", f"Bearer {self.service.token(now=self.clock.now(), **token)}"),)

    async def resolve(self, person_id: UUID | str) -> ResolvePersonResponse:
        """Who has this id."""
        request = directory_pb2.ResolvePersonRequest(person_id=str(person_id))
        return await self.stub.ResolvePerson(request, timeout=DEADLINE, metadata=self.metadata())

    async def resolve_profile(self, oid: str, provider: str = "") -> ResolvePersonResponse:
        """To whom a profile is bound."""
        profile = directory_pb2.EsiaProfile(provider=provider, oid=oid)
        request = directory_pb2.ResolvePersonRequest(profile=profile)
        return await self.stub.ResolvePerson(request, timeout=DEADLINE, metadata=self.metadata())

    async def may_see(self, person_id: UUID, pupil_id: UUID) -> MayPersonSeePupilResponse:
        """Whether one may see the other."""
        request = directory_pb2.MayPersonSeePupilRequest(person_id=str(person_id), pupil_id=str(pupil_id))
        return await self.stub.MayPersonSeePupil(request, timeout=DEADLINE, metadata=self.metadata())

    async def viewers(self, pupil_id: UUID) -> dict[str, list[int]]:
        """Who may see a pupil, and by what."""
        request = directory_pb2.WhoMaySeePupilRequest(pupil_id=str(pupil_id))
        reply = await self.stub.WhoMaySeePupil(request, timeout=DEADLINE, metadata=self.metadata())
        return {one.person_id: [ground.kind for ground in one.grounds] for one in reply.viewers}

    async def changes(self, cursor: str = "", size: int = 0) -> directory_pb2.ListAccessChangesResponse:
        """What has changed."""
        request = directory_pb2.ListAccessChangesRequest(cursor=cursor, page_size=size)
        return await self.stub.ListAccessChanges(request, timeout=DEADLINE, metadata=self.metadata())

    async def end(self) -> str:
        """The cursor behind everything there is."""
        cursor, more = "", True
        while more:
            page = await self.changes(cursor, 200)
            cursor, more = page.next_cursor, page.more
        return cursor

    async def all_since(self, cursor: str, size: int = 0) -> list[directory_pb2.AccessChange]:
        """Every change after a cursor, page by page."""
        found: list[directory_pb2.AccessChange] = []
        more = True
        while more:
            page = await self.changes(cursor, size)
            found.extend(page.changes)
            cursor, more = page.next_cursor, page.more
        return found


@dataclass(frozen=True, slots=True)
class Family:
    """A pupil and a parent."""

    here: Town
    pupil: Registered
    parent: Registered
    relation_id: UUID

    async def change(self, **columns: Any) -> None:
        """Change the relation."""
        async with self.here.database.transaction() as tx:
            await tx.execute(update(relations).where(relations.c.id == self.relation_id).values(columns))

    async def trust(self, trusted: Registered, **columns: Any) -> None:
        """Somebody is trusted with the homework."""
        now = self.here.clock.now()
        row = {
            "id": new_id(),
            "pupil_id": self.pupil.person_id,
            "grantor_id": self.parent.person_id,
            "relation_id": self.relation_id,
            "trusted_id": trusted.person_id,
            "scopes": [SCOPE_HOMEWORK],
            "valid_until": now.date() + timedelta(days=30),
            "invited_at": now,
            "answer_by": now + timedelta(days=7),
            "invitee_box": b"",
            "invitee_box_key": 1,
            "accepted_at": now,
        }
        async with self.here.database.transaction() as tx:
            await tx.execute(insert(delegations).values({**row, **columns}))
