"""A school with its registrar, and families that come to it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from school.access.v1.policy_pb2 import ROLE_PUPIL
from school.identity.v1 import families_pb2, leaving_pb2, leaving_pb2_grpc, sessions_pb2
from services.identity.families.rules.relations import (
    last_day_of_childhood,
)
from services.identity.people.rules import Role
from services.identity.people.storage import come_back, person_roles
from services.identity.schools.storage import schools
from services.kit.ids import new_id
from tests.support.identity import DEADLINE, Doors, Registered, Town, bearer

MOSCOW = ZoneInfo("Europe/Moscow")
PARENT = families_pb2.RELATION_KIND_PARENT
REPRESENTATIVE = families_pb2.RELATION_KIND_REPRESENTATIVE
NO_ACCESS = families_pb2.COURT_LIMIT_KIND_NO_ACCESS
NO_CONTACTS = families_pb2.COURT_LIMIT_KIND_NO_CONTACTS
PASSWORD = "a long enough one"


def born_years_ago(years: int, today: date) -> date:
    """A birth date of somebody who had the birthday half a year ago."""
    return today.replace(year=today.year - years, day=1) - timedelta(days=183)


def birthday_near(day: date, *, later: bool = False) -> date:
    """``day``; beside 29 February, on which nobody who was born in a common year has a birthday."""
    if (day.month, day.day) != (2, 29):
        return day
    return day + timedelta(days=1 if later else -1)


@dataclass
class School:
    """A school with its registrar signed in."""

    here: Town
    doors: Doors
    id: UUID
    registrar: sessions_pb2.Session
    login: str

    @property
    def today(self) -> date:
        """The day in Moscow."""
        return self.here.clock.today(MOSCOW)

    async def pupil(self, name: str = "Королёв Пётр Олегович", **changes: object) -> Registered:
        """A pupil of the school, nine years old unless another birth date is given."""
        known: dict[str, object] = {"birth_date": born_years_ago(9, self.today)}
        roles = {self.id: frozenset({Role.PUPIL})}
        return await self.here.register(name, roles=roles, **{**known, **changes})  # type: ignore[arg-type]

    async def next_working_day(self) -> None:
        """The registrar signs in again: a session of staff does not outlive the night."""
        entered = await self.doors.enter_with_password(self.login, PASSWORD)
        self.registrar = entered.session

    async def works_on(self) -> None:
        """The registrar's session goes on; that they showed who they are is a while ago."""
        self.registrar = await self.doors.refresh(self.registrar.refresh_token)

    async def parent(self, name: str = "Королёва Алёна Сергеевна") -> tuple[Registered, sessions_pb2.Session]:
        """A parent, signed in."""
        login = f"parent-{self.here.snils()}"
        person = await self.here.register(name, login=login, password=PASSWORD)
        return person, (await self.doors.enter_with_password(login, PASSWORD)).session

    def wish(
        self,
        guardian: UUID,
        pupil: UUID,
        *,
        until: str = "",
        kind: families_pb2.RelationKind.ValueType = PARENT,
        document: str = "",
    ) -> families_pb2.RegisterRelationRequest:
        """A request to register a relation."""
        return families_pb2.RegisterRelationRequest(
            school_id=str(self.id),
            request_id=uuid4().hex,
            guardian_id=str(guardian),
            pupil_id=str(pupil),
            kind=kind,
            valid_until=until,
            document=document,
        )

    async def send(self, request: families_pb2.RegisterRelationRequest) -> families_pb2.Relation:
        """Register it."""
        reply = await self.doors.families.RegisterRelation(
            request, timeout=DEADLINE, metadata=bearer(self.registrar)
        )
        return reply.relation

    async def relate(
        self, guardian: Registered, pupil: Registered, *, until: str = ""
    ) -> families_pb2.Relation:
        """Register that one stands for the other."""
        return await self.send(self.wish(guardian.person_id, pupil.person_id, until=until))

    async def change(
        self, relation_id: str, *, until: str = "", document: str = "", reason: str = "суд продлил"
    ) -> families_pb2.Relation:
        """Give a relation another term or document."""
        request = families_pb2.ChangeRelationRequest(
            school_id=str(self.id),
            relation_id=relation_id,
            valid_until=until,
            document=document,
            reason=reason,
        )
        reply = await self.doors.families.ChangeRelation(
            request, timeout=DEADLINE, metadata=bearer(self.registrar)
        )
        return reply.relation

    async def end(
        self, relation_id: str, school: UUID | None = None, reason: str = " court\x00\ndecision 12/34 "
    ) -> None:
        """End a relation."""
        request = families_pb2.EndRelationRequest(
            school_id=str(school or self.id), relation_id=relation_id, reason=reason
        )
        await self.doors.families.EndRelation(request, timeout=DEADLINE, metadata=bearer(self.registrar))

    async def limit(
        self,
        guardian: Registered,
        pupil: Registered,
        kind: families_pb2.CourtLimitKind.ValueType = NO_ACCESS,
        *,
        since: date | None = None,
        until: date | None = None,
        document: str = "Решение суда № 2-118/2026",
    ) -> families_pb2.CourtLimit:
        """Enter what a court forbids."""
        request = families_pb2.PlaceCourtLimitRequest(
            school_id=str(self.id),
            guardian_id=str(guardian.person_id),
            pupil_id=str(pupil.person_id),
            kind=kind,
            document=document,
            valid_from=(since or self.today).isoformat(),
            valid_until=until.isoformat() if until else "",
        )
        reply = await self.doors.families.PlaceCourtLimit(
            request, timeout=DEADLINE, metadata=bearer(self.registrar)
        )
        return reply.limit

    async def lift(self, limit_id: str, reason: str = "решение отменено") -> None:
        """Lift a limit."""
        request = families_pb2.LiftCourtLimitRequest(school_id=str(self.id), limit_id=limit_id, reason=reason)
        await self.doors.families.LiftCourtLimit(request, timeout=DEADLINE, metadata=bearer(self.registrar))

    async def leave(self, pupil: Registered) -> None:
        """The pupil leaves the school."""
        request = leaving_pb2.EndRolesRequest(
            school_id=str(self.id), person_id=str(pupil.person_id), roles=[ROLE_PUPIL], reason="Переехали"
        )
        stub = leaving_pb2_grpc.LeavingServiceStub(self.doors.channel)
        await stub.EndRoles(request, timeout=DEADLINE, metadata=bearer(self.registrar))

    async def take(self, pupil: Registered) -> None:
        """The pupil studies here from now on."""
        async with self.here.database.transaction() as tx:
            await tx.execute(
                person_roles.insert().values(
                    person_id=pupil.person_id,
                    school_id=self.id,
                    role=Role.PUPIL,
                    granted_at=self.here.clock.now(),
                )
            )
            await come_back(tx.connection, pupil.person_id)

    async def family(self, pupil: Registered) -> families_pb2.GetPupilFamilyResponse:
        """The pupil's family as the registrar sees it."""
        request = families_pb2.GetPupilFamilyRequest(school_id=str(self.id), pupil_id=str(pupil.person_id))
        return await self.doors.families.GetPupilFamily(
            request, timeout=DEADLINE, metadata=bearer(self.registrar)
        )

    async def lies_in(self, zone: str) -> None:
        """The diary has told in which zone the school lies."""
        async with self.here.database.transaction() as tx:
            await tx.execute(
                schools.insert().values(
                    school_id=self.id, title="Школа № 7", zone=zone, version=1, source_event=new_id()
                )
            )


async def my_children(doors: Doors, session: sessions_pb2.Session) -> families_pb2.ListMyChildrenResponse:
    """The caller's children."""
    return await doors.families.ListMyChildren(
        families_pb2.ListMyChildrenRequest(), timeout=DEADLINE, metadata=bearer(session)
    )


async def children(doors: Doors, session: sessions_pb2.Session) -> list[str]:
    """The given names of the caller's children, in the order they come."""
    return [child.name.given_name for child in (await my_children(doors, session)).children]


async def guardians(
    doors: Doors, session: sessions_pb2.Session, pupil: Registered
) -> families_pb2.ListGuardiansResponse:
    """Who stands for the pupil, as the caller may know."""
    request = families_pb2.ListGuardiansRequest(pupil_id=str(pupil.person_id))
    return await doors.families.ListGuardians(request, timeout=DEADLINE, metadata=bearer(session))


def childhood_ends(pupil_born: date) -> str:
    """The last day on which anybody stands for the pupil, as the contract writes it."""
    return last_day_of_childhood(pupil_born).isoformat()
