"""`RegionsService` on the wire. There is no use case between: the directory is read once, at start."""

from __future__ import annotations

from school.identity.v1 import regions_pb2, regions_pb2_grpc
from services.identity.regions.rules import Directory
from services.kit.rpc.around import Context


class RegionsRpc(regions_pb2_grpc.RegionsServiceServicer):
    """The directory of regions."""

    def __init__(self, directory: Directory) -> None:
        self._reply = regions_pb2.ListRegionsResponse(
            regions=[
                regions_pb2.Region(
                    code=region.code,
                    title=region.title,
                    esia_enabled=region.esia_enabled,
                    here=region is directory.here,
                    address=region.address,
                )
                for region in directory
            ]
        )

    async def ListRegions(
        self, request: regions_pb2.ListRegionsRequest, context: Context
    ) -> regions_pb2.ListRegionsResponse:
        """Every region, in the order of their titles."""
        return self._reply
