"""A family with a child, and people whom they trust."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from sqlalchemy import insert

from school.access.v1.scope_pb2 import SCOPE_HOMEWORK, SCOPE_MARKS, Scope
from school.identity.v1 import delegations_pb2 as pb
from school.identity.v1 import delegations_pb2_grpc, events_pb2, sessions_pb2
from services.identity.families.storage import relations
from services.identity.people.rules import Role
from services.kit.ids import new_id
from services.kit.tables import outbox
from tests.support.identity import DEADLINE, Registered, Town, bearer

MOSCOW = ZoneInfo("Europe/Moscow")
PASSWORD = "a long enough one"


@dataclass
class Somebody:
    """A person who is in."""

    here: Town
    person: Registered
    login: str
    session: sessions_pb2.Session

    @property
    def id(self) -> UUID:
        return self.person.person_id

    @property
    def door(self) -> delegations_pb2_grpc.DelegationsServiceAsyncStub:
        return delegations_pb2_grpc.DelegationsServiceStub(self.here.doors.channel)

    async def call(self, method: str, request: Any) -> Any:
        return await getattr(self.door, method)(request, timeout=DEADLINE, metadata=bearer(self.session))

    async def listed(self, pupil: UUID) -> pb.ListDelegationsResponse:
        request = pb.ListDelegationsRequest(pupil_id=str(pupil))
        told: pb.ListDelegationsResponse = await self.call("ListDelegations", request)
        return told

    async def states(self, pupil: UUID) -> list[str]:
        told = await self.listed(pupil)
        return [
            pb.DelegationState.Name(one.state).removeprefix("DELEGATION_STATE_") for one in told.delegations
        ]

    async def invite(self, pupil: UUID, **changes: Any) -> pb.Delegation:
        known: dict[str, Any] = {
            "pupil_id": str(pupil),
            "request_id": uuid4().hex,
            "scopes": [SCOPE_MARKS, SCOPE_HOMEWORK],
            "valid_until": (self.today() + timedelta(days=90)).isoformat(),
        }
        if "login" not in changes and "email" not in changes:
            known["email"] = "babushka@example.ru"
        request = pb.InviteTrustedPersonRequest(**{**known, **changes})
        invited: pb.InviteTrustedPersonResponse = await self.call("InviteTrustedPerson", request)
        return invited.delegation

    async def withdraw(self, pupil: UUID, delegation_id: str) -> None:
        request = pb.WithdrawDelegationRequest(pupil_id=str(pupil), delegation_id=delegation_id)
        await self.call("WithdrawDelegation", request)

    async def accept(self, **key: str) -> pb.Trust:
        request = pb.AcceptInvitationRequest(invitation=pb.InvitationKey(**key))
        shown: pb.AcceptInvitationResponse = await self.call("AcceptInvitation", request)
        return shown.trust

    async def look(self, **key: str) -> pb.Trust:
        request = pb.LookAtInvitationRequest(invitation=pb.InvitationKey(**key))
        shown: pb.LookAtInvitationResponse = await self.call("LookAtInvitation", request)
        return shown.trust

    async def refuse(self, **key: str) -> None:
        await self.call("RefuseInvitation", pb.RefuseInvitationRequest(invitation=pb.InvitationKey(**key)))

    async def leave(self, delegation_id: str) -> None:
        await self.call("LeaveDelegation", pb.LeaveDelegationRequest(delegation_id=delegation_id))

    async def trust(self) -> pb.ListMyTrustResponse:
        told: pb.ListMyTrustResponse = await self.call("ListMyTrust", pb.ListMyTrustRequest())
        return told

    def today(self) -> date:
        return self.here.clock.today(MOSCOW)

    async def again(self) -> None:
        """Sign in anew: an access token lives for minutes, a test for months."""
        self.session = (await self.here.doors.enter_with_password(self.login, PASSWORD)).session


@dataclass
class Family:
    """A mother, a father, and their child."""

    here: Town
    mother: Somebody
    father: Somebody
    child: Somebody
    relations: dict[UUID, UUID] = field(default_factory=dict)
    """Of each guardian."""


async def somebody(here: Town, name: str = "Королёва Алёна Сергеевна", **changes: Any) -> Somebody:
    """A person with a password, signed in."""
    login = f"person-{here.snils()}"
    person = await here.register(name, login=login, password=PASSWORD, **changes)
    entered = await here.doors.enter_with_password(login, PASSWORD)
    return Somebody(here, person, login, entered.session)


async def family(here: Town, *, age: int = 10, until: date | None = None) -> Family:
    """A family whose child has so many years and half of one more; the mother's relation ends ``until``."""
    today = here.clock.today(MOSCOW)
    born = date(today.year - age, 7, 1) - timedelta(days=0 if today.month > 6 else 365)
    mother = await somebody(here, "Королёва Алёна Сергеевна")
    father = await somebody(here, "Королёв Олег Иванович")
    child = await somebody(
        here, "Королёв Пётр Олегович", birth_date=born, roles={uuid4(): frozenset({Role.PUPIL})}
    )
    made = Family(here, mother, father, child)
    for guardian, last in ((mother, until), (father, None)):
        made.relations[guardian.id] = await relate(here, guardian.id, child.id, until=last)
    return made


async def relate(here: Town, guardian: UUID, pupil: UUID, *, until: date | None = None) -> UUID:
    """Since yesterday, a guardian stands for a pupil."""
    relation_id = new_id()
    async with here.database.transaction() as tx:
        await tx.execute(
            insert(relations).values(
                id=relation_id,
                guardian_id=guardian,
                pupil_id=pupil,
                school_id=new_id(),
                kind="PARENT",
                valid_from=here.clock.today(MOSCOW) - timedelta(days=1),
                valid_until=until,
                registered_at=here.clock.now(),
            )
        )
    return relation_id


async def letters(here: Town, person: UUID, kind: events_pb2.MessageKind.ValueType) -> list[dict[str, Any]]:
    """What was sent about a person, opened, the oldest first."""
    rows = await here.rows(outbox, outbox.c.type == events_pb2.MessageSealed.DESCRIPTOR.full_name)
    sealed = [
        events_pb2.MessageSealed.FromString(row.payload) for row in sorted(rows, key=lambda row: row.id)
    ]
    return [
        json.loads(here.unsealer.open(one.sealed))
        for one in sealed
        if one.kind == kind and one.person_id == str(person)
    ]


async def token_for(here: Town, grantor: UUID) -> str:
    """The token of the last link that went out for a guardian."""
    told = await letters(here, grantor, events_pb2.MESSAGE_KIND_TRUST_INVITATION)
    return str(told[-1]["values"]["link"].rpartition("/")[2])


async def events(here: Town, delegation_id: str) -> list[Any]:
    """What was told of a delegation."""
    rows = await here.rows(outbox, outbox.c.aggregate_id == UUID(delegation_id))
    known = {
        one.DESCRIPTOR.full_name: one for one in (events_pb2.DelegationGranted, events_pb2.DelegationEnded)
    }
    return [known[row.type].FromString(row.payload) for row in sorted(rows, key=lambda row: row.id)]


async def trusting(here: Town, *, age: int = 10) -> tuple[Family, Somebody, str]:
    """A family whose grandmother has accepted the mother's invitation."""
    home, granny = await family(here, age=age), await somebody(here, "Ёлкина Вера Павловна")
    invited = await home.mother.invite(home.child.id)
    await granny.accept(token=await token_for(here, home.mother.id))
    return home, granny, invited.delegation_id


SCOPES: list[Scope.ValueType] = [SCOPE_MARKS, SCOPE_HOMEWORK]
