"""`RegisterService` on the wire."""

from __future__ import annotations

from school.identity.v1 import register_pb2, register_pb2_grpc
from services.identity.people.messages import name_message, wire_roles
from services.identity.register.storage import Listed
from services.identity.register.usecases import Register
from services.kit.caller import caller
from services.kit.paging import PageWish
from services.kit.rpc.around import Context
from services.kit.rpc.parse import date_of, uuid_of


class RegisterRpc(register_pb2_grpc.RegisterServiceServicer):
    """Looking into the register."""

    def __init__(self, register: Register) -> None:
        self._register = register

    async def SearchSchoolPeople(
        self, request: register_pb2.SearchSchoolPeopleRequest, context: Context
    ) -> register_pb2.SearchSchoolPeopleResponse:
        """A page of a school's people."""
        page = await self._register.search_school(
            caller(), uuid_of(request.school_id, "school_id"), request.words, PageWish.of(request)
        )
        return register_pb2.SearchSchoolPeopleResponse(
            people=map(_message, page.rows), next_page_token=page.next_token
        )

    async def SearchRegionPeople(
        self, request: register_pb2.SearchRegionPeopleRequest, context: Context
    ) -> register_pb2.SearchRegionPeopleResponse:
        """A page of the region's people."""
        page = await self._register.search_region(caller(), request.words, PageWish.of(request))
        return register_pb2.SearchRegionPeopleResponse(
            people=map(_message, page.rows), next_page_token=page.next_token
        )

    async def ListRefusals(
        self, request: register_pb2.ListRefusalsRequest, context: Context
    ) -> register_pb2.ListRefusalsResponse:
        """Why a person was refused."""
        person, refusals = await self._register.refusals(
            caller(),
            uuid_of(request.person_id, "person_id"),
            date_of(request.day, "day") if request.day else None,
        )
        reply = register_pb2.ListRefusalsResponse(person=_message(person))
        for each in refusals:
            message = reply.refusals.add(reason=each.reason, details=each.details)
            message.at.FromDatetime(each.at)
        return reply

    async def CountUnknownRefusals(
        self, request: register_pb2.CountUnknownRefusalsRequest, context: Context
    ) -> register_pb2.CountUnknownRefusalsResponse:
        """How many of whom nobody knows."""
        counts = await self._register.unknown(
            caller(), date_of(request.until, "until") if request.until else None
        )
        return register_pb2.CountUnknownRefusalsResponse(
            counts=[
                register_pb2.RefusalCount(day=day.isoformat(), reason=reason, count=count)
                for day, reason, count in counts
            ]
        )


def _message(listed: Listed) -> register_pb2.RegisteredPerson:
    return register_pb2.RegisteredPerson(
        person_id=str(listed.person_id),
        name=name_message(listed.name),
        birth_date=listed.birth_date.isoformat(),
        snils_masked=listed.snils.masked if listed.snils else "",
        snils_disputed=listed.snils_disputed,
        roles=wire_roles(listed.roles),
        schools=listed.schools,
        esia_bound=listed.bound,
        school_ids=[str(school_id) for school_id in listed.school_ids],
        account_blocked=listed.blocked,
    )
