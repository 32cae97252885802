"""`SchoolsService` on the wire."""

from __future__ import annotations

from school.diary.v1 import schools_pb2, schools_pb2_grpc
from services.diary.access.messages import trusted_with
from services.diary.schools.usecases import PupilInClass, Schools
from services.kit.caller import caller
from services.kit.rpc.around import Context


class SchoolsRpc(schools_pb2_grpc.SchoolsServiceServicer):
    """Tells people which schools and classes concern them."""

    def __init__(self, schools: Schools) -> None:
        self._schools = schools

    async def ListMyPupils(
        self, request: schools_pb2.ListMyPupilsRequest, context: Context
    ) -> schools_pb2.ListMyPupilsResponse:
        """The pupils whose diary the caller may read today."""
        pupils = await self._schools.my_pupils(caller().person_id)
        return schools_pb2.ListMyPupilsResponse(pupils=map(_to_proto, pupils))


def _to_proto(pupil: PupilInClass) -> schools_pb2.PupilInClass:
    return schools_pb2.PupilInClass(
        pupil_id=str(pupil.pupil_id),
        display_name=pupil.display_name,
        school_id=str(pupil.school_id or ""),
        school_title=pupil.school_title,
        zone=pupil.zone,
        class_title=pupil.class_title,
        trusted_with=trusted_with(pupil.sight),
    )
