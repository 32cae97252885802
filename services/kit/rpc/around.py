"""How our interceptors wrap a handler: one coroutine around the unary call, nothing else to know of grpc."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias, cast

import grpc
from google.protobuf.message import Message

Context: TypeAlias = "grpc.aio.ServicerContext[Message, Message]"
Proceed: TypeAlias = "Callable[[Message, Context], Awaitable[Message]]"
Handler: TypeAlias = "grpc.RpcMethodHandler[Any, Any]"

# Health checks and reflection are the server's own: no person calls them, and they must answer under load.
OWN_SERVICES = ("/grpc.health.v1.", "/grpc.reflection.")


class AroundUnary(grpc.aio.ServerInterceptor):
    """Runs `around` in place of every unary RPC of ours; streams and the server's own RPCs pass untouched."""

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Handler | None]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Handler | None:
        """Called by grpc for each call, before the request is read."""
        handler = await continuation(handler_call_details)
        method: str = handler_call_details.method
        if handler is None or handler.unary_unary is None or method.startswith(OWN_SERVICES):
            return handler
        proceed = cast("Proceed", handler.unary_unary)

        async def wrapped(request: Message, context: Context) -> Message:
            return await self.around(method, request, context, proceed)

        return grpc.unary_unary_rpc_method_handler(
            wrapped,
            request_deserializer=handler.request_deserializer,
            response_serializer=handler.response_serializer,
        )

    async def around(self, method: str, request: Message, context: Context, proceed: Proceed) -> Message:
        """Override: do something, `await proceed(request, context)`, do something."""
        raise NotImplementedError


def metadata(context: Context, key: str) -> str | None:
    """The first value of a metadata key of the call, or None."""
    for name, value in context.invocation_metadata() or ():
        if name == key:
            return value if isinstance(value, str) else value.decode()
    return None
