"""``/v1/…``: every RPC of the contracts, for consumers and for the scripts of our own pages."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from functools import partial
from typing import TypeAlias

from services.gateway.calls import Channels, Context, set_context
from services.gateway.contracts import ContractError, Rpc
from services.gateway.edge.authentication import Authentication
from services.gateway.edge.body import JSON_LIMIT, read_body
from services.gateway.edge.clients import Clients
from services.gateway.exchange import Exchange
from services.gateway.sessions import Visitor
from services.gateway.transcoding.decoding import Readers
from services.gateway.transcoding.encoding import Encoders
from services.gateway.transcoding.endpoint import Endpoint
from services.gateway.transcoding.routing import Routes

Stream: TypeAlias = "Callable[[Exchange, Visitor], Awaitable[None]]"
"""Answers one RPC whose reply is a stream."""


class Api:
    """Routes of all RPCs, built once."""

    def __init__(
        self,
        rpcs: Iterable[Rpc],
        channels: Channels,
        authentication: Authentication,
        streams: Mapping[str, Stream],
        clients: Clients,
    ) -> None:
        """``streams``: who answers the RPCs whose reply is a stream, by gRPC path.

        Raises `ContractError` when nobody answers one, or two have the same path.
        """
        self._authentication = authentication
        self._streams = streams
        self._clients = clients
        self._routes: Routes[Endpoint] = Routes()
        readers, encoders = Readers(), Encoders()
        for rpc in rpcs:
            endpoint = Endpoint(rpc, channels[rpc.service], readers, encoders)
            if rpc.streams and rpc.path not in streams:
                raise ContractError(f"{rpc.path}: nobody answers this stream")
            self._routes.add(rpc.http_method, endpoint.template, endpoint)

    async def serve(self, exchange: Exchange) -> Awaitable[None] | None:
        """Answer a request; of a stream only give back what will answer it, for as long as it is open.

        Raises what `services.gateway.door` turns into a problem.
        """
        found = self._routes.find(exchange.method, exchange.scope["raw_path"])
        endpoint = found.target
        exchange.path = found.template.text
        visitor = await self._visitor(endpoint, exchange)
        context = Context(
            exchange.request_id,
            exchange.deadline(),
            visitor.token if visitor else None,
            partial(self._clients.metadata, exchange.scope, exchange.headers),
        )
        if endpoint.rpc.streams:
            if visitor is None:
                raise ContractError(f"{endpoint.rpc.path}: a stream is for signed-in persons")
            set_context(context)
            return self._streams[endpoint.rpc.path](exchange, visitor)
        body = b""
        if endpoint.rpc.has_body:
            body = await read_body(exchange.receive, exchange.headers, JSON_LIMIT)
        message = endpoint.request(found.values, exchange.scope["query_string"], body, exchange.headers)
        await exchange.answer(200, await endpoint.reply(message, context))
        return None

    async def _visitor(self, endpoint: Endpoint, exchange: Exchange) -> Visitor | None:
        if endpoint.anyone:
            return self._authentication.bearer_if_any(exchange.headers)
        visitor = await self._authentication.caller(
            exchange.method, exchange.headers, exchange.request_id, exchange.entrance
        )
        endpoint.admit(visitor, now=self._authentication.now())
        return visitor
