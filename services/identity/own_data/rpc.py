"""`OwnDataService` on the wire."""

from __future__ import annotations

from school.identity.v1 import own_data_pb2, own_data_pb2_grpc
from services.identity.own_data.usecases import OwnData
from services.kit.caller import caller
from services.kit.rpc.around import Context


class OwnDataRpc(own_data_pb2_grpc.OwnDataServiceServicer):
    """Export and erasure."""

    def __init__(self, own_data: OwnData) -> None:
        self._own_data = own_data

    async def ExportMyData(
        self, request: own_data_pb2.ExportMyDataRequest, context: Context
    ) -> own_data_pb2.ExportMyDataResponse:
        """Everything about the caller."""
        return own_data_pb2.ExportMyDataResponse(json=await self._own_data.export(caller()))

    async def PreviewErasure(
        self, request: own_data_pb2.PreviewErasureRequest, context: Context
    ) -> own_data_pb2.PreviewErasureResponse:
        """What an erasure would do."""
        items, erases_at = await self._own_data.preview(caller())
        reply = own_data_pb2.PreviewErasureResponse(
            items=[
                own_data_pb2.ErasureItem(
                    data=item.data, erased=item.kept is None, kept_because=item.kept or ""
                )
                for item in items
            ]
        )
        if erases_at is not None:
            reply.erases_at.FromDatetime(erases_at)
        return reply

    async def RequestErasure(
        self, request: own_data_pb2.RequestErasureRequest, context: Context
    ) -> own_data_pb2.RequestErasureResponse:
        """When it will happen."""
        erases_at = await self._own_data.request(caller())
        reply = own_data_pb2.RequestErasureResponse()
        reply.erases_at.FromDatetime(erases_at)
        return reply

    async def CancelErasure(
        self, request: own_data_pb2.CancelErasureRequest, context: Context
    ) -> own_data_pb2.CancelErasureResponse:
        """Nothing: the data stay."""
        await self._own_data.cancel(caller())
        return own_data_pb2.CancelErasureResponse()
