"""`PeopleService` on the wire."""

from __future__ import annotations

from school.identity.v1 import people_pb2, people_pb2_grpc
from services.identity.people.messages import person_message, roles_named
from services.identity.people.rules import FullName, Snils
from services.identity.people.usecases import NewPerson, People
from services.kit.caller import caller
from services.kit.rpc.around import Context
from services.kit.rpc.parse import date_of, uuid_of


class PeopleRpc(people_pb2_grpc.PeopleServiceServicer):
    """Registering persons, and telling a person who they are.

    Args:
        people: the use cases.
        allow_test_snils: accept the SNILS of ESIA's test persons.
    """

    def __init__(self, people: People, *, allow_test_snils: bool) -> None:
        self._people = people
        self._allow_test_snils = allow_test_snils

    async def GetMe(self, request: people_pb2.GetMeRequest, context: Context) -> people_pb2.GetMeResponse:
        """Who the caller is."""
        person, bound = await self._people.me(caller())
        return people_pb2.GetMeResponse(person=person_message(person), esia_bound=bound)

    async def RegisterPerson(
        self, request: people_pb2.RegisterPersonRequest, context: Context
    ) -> people_pb2.RegisterPersonResponse:
        """The person now registered."""
        new = NewPerson(
            school_id=uuid_of(request.school_id, "school_id"),
            name=FullName.registered(request.name.surname, request.name.given_name, request.name.patronymic),
            birth_date=date_of(request.birth_date, "birth_date"),
            snils=Snils.parse(request.snils, allow_test_range=self._allow_test_snils)
            if request.snils.strip()
            else None,
            roles=roles_named(request.roles),
            documents_seen=request.documents_seen,
        )
        done = await self._people.register(caller(), new, request_id=request.request_id)
        return people_pb2.RegisterPersonResponse(
            person=person_message(done.person), snils_disputed=done.disputed, returned=done.returned
        )
