"""`LeavingService` on the wire."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from school.access.v1.policy_pb2 import Role as WireRole
from school.identity.v1 import leaving_pb2, leaving_pb2_grpc
from services.identity.leaving.rules import AtSchool
from services.identity.leaving.usecases import Leaving
from services.identity.people.messages import name_message, roles_named, wire_roles
from services.kit.caller import caller
from services.kit.clock import Clock
from services.kit.paging import PageWish
from services.kit.rpc.around import Context
from services.kit.rpc.parse import uuid_of


class LeavingRpc(leaving_pb2_grpc.LeavingServiceServicer):
    """Ending roles at a school, and giving them back."""

    def __init__(self, leaving: Leaving, clock: Clock) -> None:
        self._leaving = leaving
        self._clock = clock

    async def GetRolesAtSchool(
        self, request: leaving_pb2.GetRolesAtSchoolRequest, context: Context
    ) -> leaving_pb2.GetRolesAtSchoolResponse:
        """What a person is and was there."""
        school_id = uuid_of(request.school_id, "school_id")
        person_id = uuid_of(request.person_id, "person_id")
        found = await self._leaving.roles(caller(), school_id, person_id)
        return leaving_pb2.GetRolesAtSchoolResponse(person=_message(found, self._clock.now()))

    async def ListFormerPeople(
        self, request: leaving_pb2.ListFormerPeopleRequest, context: Context
    ) -> leaving_pb2.ListFormerPeopleResponse:
        """Who has left the school."""
        school_id = uuid_of(request.school_id, "school_id")
        page = await self._leaving.former(caller(), school_id, PageWish.of(request))
        now = self._clock.now()
        return leaving_pb2.ListFormerPeopleResponse(
            people=[_message(each, now) for each in page.rows], next_page_token=page.next_token
        )

    async def EndRoles(
        self, request: leaving_pb2.EndRolesRequest, context: Context
    ) -> leaving_pb2.EndRolesResponse:
        """They are that no more."""
        after = await self._leaving.end(
            caller(),
            uuid_of(request.school_id, "school_id"),
            uuid_of(request.person_id, "person_id"),
            roles_named(request.roles),
            request.reason,
        )
        return leaving_pb2.EndRolesResponse(person=_message(after, self._clock.now()))

    async def GiveRolesBack(
        self, request: leaving_pb2.GiveRolesBackRequest, context: Context
    ) -> leaving_pb2.GiveRolesBackResponse:
        """They are it again."""
        after = await self._leaving.give_back(
            caller(),
            uuid_of(request.school_id, "school_id"),
            uuid_of(request.person_id, "person_id"),
            roles_named(request.roles),
            request.reason,
        )
        return leaving_pb2.GiveRolesBackResponse(person=_message(after, self._clock.now()))


def _message(found: AtSchool, now: datetime) -> leaving_pb2.RolesAtSchool:
    return leaving_pb2.RolesAtSchool(
        person_id=str(found.person_id),
        name=name_message(found.name),
        roles=wire_roles(found.roles),
        former=_former(found, now),
        left_region=found.left_region,
    )


def _former(found: AtSchool, now: datetime) -> Iterable[leaving_pb2.FormerRole]:
    for each in found.former:
        message = leaving_pb2.FormerRole(
            role=WireRole.Value(f"ROLE_{each.role}"),
            reason=each.reason,
            may_give_back=each.may_be_given_back(now),
        )
        message.granted_at.FromDatetime(each.granted_at)
        message.ended_at.FromDatetime(each.ended_at)
        yield message
