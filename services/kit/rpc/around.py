"""How gates stand around an RPC: wrapped once, when the servicers register, not anew for every call.

gRPC's own interceptors build a handler per call; on the hot read that costs more than the gates themselves.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Protocol, TypeAlias, cast

import grpc
from google.protobuf.message import Message

Context: TypeAlias = "grpc.aio.ServicerContext[Message, Message]"
Proceed: TypeAlias = "Callable[[Message, Context], Awaitable[Message]]"
Handler: TypeAlias = "grpc.RpcMethodHandler[Any, Any]"


class Gate(Protocol):
    """Stands before every RPC of a server."""

    async def around(self, method: str, request: Message, context: Context, proceed: Proceed) -> Message:
        """Do something, ``await proceed(request, context)``, do something; or raise a `DomainError`."""
        ...


class StreamRefused(Exception):
    """A servicer brings a streaming RPC: the gates stand before unary ones only, so it would be open."""


def guarded(service: str, handlers: Mapping[str, Handler], gates: Sequence[Gate]) -> dict[str, Handler]:
    """The handlers of a service with the gates around each of them, the first gate outermost.

    Raises:
        StreamRefused: one of them streams.
    """
    return {name: _guarded(f"/{service}/{name}", handler, gates) for name, handler in handlers.items()}


def _guarded(method: str, handler: Handler, gates: Sequence[Gate]) -> Handler:
    if handler.unary_unary is None:
        raise StreamRefused(method)
    proceed = cast("Proceed", handler.unary_unary)
    for gate in reversed(gates):
        proceed = _before(method, gate, proceed)
    return grpc.unary_unary_rpc_method_handler(
        proceed,
        request_deserializer=handler.request_deserializer,
        response_serializer=handler.response_serializer,
    )


def _before(method: str, gate: Gate, proceed: Proceed) -> Proceed:
    async def through(request: Message, context: Context) -> Message:
        return await gate.around(method, request, context, proceed)

    return through


def metadata(context: Context, key: str) -> str | None:
    """The first value of a metadata key of the call, or None."""
    for name, value in context.invocation_metadata() or ():
        if name == key:
            return value if isinstance(value, str) else value.decode()
    return None
