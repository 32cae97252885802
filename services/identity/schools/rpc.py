"""`SchoolsService` on the wire."""

from __future__ import annotations

from school.identity.v1 import schools_pb2, schools_pb2_grpc
from services.identity.schools.storage import School
from services.identity.schools.usecases import Schools
from services.kit.rpc.around import Context
from services.kit.rpc.parse import uuid_of


class SchoolsRpc(schools_pb2_grpc.SchoolsServiceServicer):
    """The schools of the region, for everybody."""

    def __init__(self, schools: Schools) -> None:
        self._schools = schools

    async def SearchSchools(
        self, request: schools_pb2.SearchSchoolsRequest, context: Context
    ) -> schools_pb2.SearchSchoolsResponse:
        """The first schools with these words in their title."""
        found, more = await self._schools.search(request.title)
        return schools_pb2.SearchSchoolsResponse(schools=map(_listing, found), more=more)

    async def GetSchool(
        self, request: schools_pb2.GetSchoolRequest, context: Context
    ) -> schools_pb2.GetSchoolResponse:
        """One school."""
        school = await self._schools.get(uuid_of(request.school_id, "school_id"))
        return schools_pb2.GetSchoolResponse(school=_listing(school))


def _listing(school: School) -> schools_pb2.SchoolListing:
    return schools_pb2.SchoolListing(
        school_id=str(school.id),
        title=school.title,
        zone=school.zone.key,
        connection=schools_pb2.ListedConnection.Value(f"LISTED_CONNECTION_{school.connection}"),
        connects_on=school.connects_on.isoformat() if school.connects_on else "",
    )
