"""`SchoolWatchesService` on the wire."""

from __future__ import annotations

from school.identity.v1 import school_watches_pb2, school_watches_pb2_grpc
from services.identity.contacts.rules import Email
from services.identity.school_watches.usecases import SchoolWatches
from services.kit.rpc.around import Context
from services.kit.rpc.parse import uuid_of


class SchoolWatchesRpc(school_watches_pb2_grpc.SchoolWatchesServiceServicer):
    """Being told once a school works with the diary."""

    def __init__(self, watches: SchoolWatches) -> None:
        self._watches = watches

    async def WatchSchool(
        self, request: school_watches_pb2.WatchSchoolRequest, context: Context
    ) -> school_watches_pb2.WatchSchoolResponse:
        """Nothing: a letter is on its way, or the address waits already."""
        await self._watches.ask(uuid_of(request.school_id, "school_id"), Email.parse(request.email))
        return school_watches_pb2.WatchSchoolResponse()

    async def ConfirmSchoolWatch(
        self, request: school_watches_pb2.ConfirmSchoolWatchRequest, context: Context
    ) -> school_watches_pb2.ConfirmSchoolWatchResponse:
        """The school that is waited for."""
        title = await self._watches.confirm(request.token)
        return school_watches_pb2.ConfirmSchoolWatchResponse(school_title=title)

    async def EndSchoolWatch(
        self, request: school_watches_pb2.EndSchoolWatchRequest, context: Context
    ) -> school_watches_pb2.EndSchoolWatchResponse:
        """Nothing: the address is forgotten."""
        await self._watches.end(request.token)
        return school_watches_pb2.EndSchoolWatchResponse()

    async def CountSchoolWatches(
        self, request: school_watches_pb2.CountSchoolWatchesRequest, context: Context
    ) -> school_watches_pb2.CountSchoolWatchesResponse:
        """How many wait for which school."""
        return school_watches_pb2.CountSchoolWatchesResponse(
            schools=[
                school_watches_pb2.SchoolWatchers(school_id=str(school_id), title=title, count=count)
                for school_id, title, count in await self._watches.counts()
            ]
        )
