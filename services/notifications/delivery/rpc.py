"""`DeliveryService` on the wire."""

from __future__ import annotations

from school.notifications.v1 import delivery_pb2, delivery_pb2_grpc
from services.kit.caller import caller
from services.kit.paging import PageWish
from services.kit.rpc.around import Context
from services.notifications.delivery.messages import delivery_message
from services.notifications.delivery.usecases import Deliveries


class DeliveryRpc(delivery_pb2_grpc.DeliveryServiceServicer):
    """Shows deliveries."""

    def __init__(self, deliveries: Deliveries) -> None:
        self._deliveries = deliveries

    async def ListMyDeliveries(
        self, request: delivery_pb2.ListMyDeliveriesRequest, context: Context
    ) -> delivery_pb2.ListMyDeliveriesResponse:
        """Lists what was sent to the caller, the newest first."""
        page = await self._deliveries.page_of(caller().person_id, PageWish.of(request))
        return delivery_pb2.ListMyDeliveriesResponse(
            deliveries=map(delivery_message, page.rows), next_page_token=page.next_token
        )

    async def ListDeliveries(
        self, request: delivery_pb2.ListDeliveriesRequest, context: Context
    ) -> delivery_pb2.ListDeliveriesResponse:
        """Lists deliveries in a state, the newest first, for the operator."""
        page = await self._deliveries.page(request.state or None, PageWish.of(request))
        return delivery_pb2.ListDeliveriesResponse(
            deliveries=map(delivery_message, page.rows), next_page_token=page.next_token
        )
