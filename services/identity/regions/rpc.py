"""`RegionsService` on the wire. There is no use case between: the directory is in memory."""

from __future__ import annotations

from collections.abc import Callable

from school.identity.v1 import regions_pb2, regions_pb2_grpc
from services.identity.regions.rules import Directory
from services.kit.rpc.around import Context


class RegionsRpc(regions_pb2_grpc.RegionsServiceServicer):
    """The directory of regions.

    Args:
        directory: what is told.
        esia_answers: whether ESIA is not known to be down just now.
    """

    def __init__(self, directory: Directory, esia_answers: Callable[[], bool]) -> None:
        self._directory = directory
        self._esia_answers = esia_answers

    async def ListRegions(
        self, request: regions_pb2.ListRegionsRequest, context: Context
    ) -> regions_pb2.ListRegionsResponse:
        """Every region, in the order of their titles."""
        return _reply(self._directory, esia_down=not self._esia_answers())


def _reply(directory: Directory, *, esia_down: bool) -> regions_pb2.ListRegionsResponse:
    return regions_pb2.ListRegionsResponse(
        regions=[
            regions_pb2.Region(
                code=region.code,
                title=region.title,
                esia_enabled=region.esia_enabled,
                here=region is directory.here,
                address=region.address,
                esia_down=esia_down and region is directory.here and region.esia_enabled,
                notices=[
                    regions_pb2.RegionNotice(language=language, text=text)
                    for language, text in region.notices
                ],
            )
            for region in directory
        ]
    )
