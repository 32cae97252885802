"""`BindingService` on the wire."""

from __future__ import annotations

from school.identity.v1 import binding_pb2, binding_pb2_grpc
from services.identity.binding.usecases import Bindings
from services.identity.sessions.messages import signed_in_message
from services.kit.caller import caller
from services.kit.rpc.around import Context


class BindingRpc(binding_pb2_grpc.BindingServiceServicer):
    """Binding by password, and what is bound."""

    def __init__(self, bindings: Bindings) -> None:
        self._bindings = bindings

    async def BindWithPassword(
        self, request: binding_pb2.BindWithPasswordRequest, context: Context
    ) -> binding_pb2.BindWithPasswordResponse:
        """The person who is in, now bound."""
        signed_in = await self._bindings.bind_with_password(
            request.browser_key, request.login, request.password
        )
        return binding_pb2.BindWithPasswordResponse(signed_in=signed_in_message(signed_in))

    async def GetMyBinding(
        self, request: binding_pb2.GetMyBindingRequest, context: Context
    ) -> binding_pb2.GetMyBindingResponse:
        """The evidence by which the caller's account was bound."""
        road, bound_at = await self._bindings.my_binding(caller())
        reply = binding_pb2.GetMyBindingResponse(road=binding_pb2.BindingRoad.Value(f"BINDING_ROAD_{road}"))
        reply.bound_at.FromDatetime(bound_at)
        return reply
