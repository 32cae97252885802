"""The paths that belong to the machine itself: is it alive, can it work, which keys, which contracts."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, TypeAlias

import grpc
import orjson
from grpc_health.v1 import health_pb2

from services.gateway.calls import Channels
from services.gateway.exchange import JSON, Exchange
from services.gateway.problems import WrongMethod

Own: TypeAlias = "Callable[[Exchange], Awaitable[None]]"
_HEALTH = "/grpc.health.v1.Health/Check"
# Seconds; a balancer asks every few.
_PATIENCE = 1.0
# The members of a public EC key (RFC 7518, section 6.2.1); a private one has a "d" beside them.
_PUBLIC = ("kty", "crv", "kid", "alg", "use", "x", "y")


class System:
    """Answers ``paths``."""

    def __init__(
        self,
        channels: Channels,
        jwks_file: Path,
        documents: Mapping[str, Own],
        bus_connected: Callable[[], bool],
    ) -> None:
        """``documents``: further paths of this kind; ``bus_connected``: whether live events arrive."""
        self._checks = {name: _health_of(channel) for name, channel in channels.items()}
        self._jwks_file = jwks_file
        self._bus_connected = bus_connected
        own: dict[str, Own] = {
            "/healthz": self._alive,
            "/readyz": self._ready,
            "/.well-known/jwks.json": self._keys,
            **documents,
        }
        self.paths: Mapping[str, Own] = {path: _only_read(answer) for path, answer in own.items()}

    async def _alive(self, exchange: Exchange) -> None:
        """This process answers."""
        await exchange.answer(200, b'{"status":"SERVING"}')

    async def _ready(self, exchange: Exchange) -> None:
        """Every service answers. The bus is told, not demanded: without it reading and writing go on."""
        states = dict(
            zip(self._checks, await asyncio.gather(*(c() for c in self._checks.values())), strict=True)
        )
        ready = all(state == "SERVING" for state in states.values())
        document = {
            "status": "SERVING" if ready else "NOT_SERVING",
            "services": states,
            "live": "SERVING" if self._bus_connected() else "NOT_SERVING",
        }
        await exchange.answer(200 if ready else 503, orjson.dumps(document))

    async def _keys(self, exchange: Exchange) -> None:
        """The public keys of access tokens (RFC 7517), whatever else the file holds."""
        keys = orjson.loads(await asyncio.to_thread(self._jwks_file.read_bytes))["keys"]
        public = [{name: key[name] for name in _PUBLIC if name in key} for key in keys]
        exchange.defaults = [pair for pair in exchange.defaults if pair[0] != b"cache-control"]
        await exchange.answer(
            200, orjson.dumps({"keys": public}), JSON, [(b"cache-control", b"public, max-age=60")]
        )


def _only_read(answer: Own) -> Own:
    async def read(exchange: Exchange) -> None:
        if exchange.method not in {"GET", "HEAD"}:
            raise WrongMethod(allow="GET, HEAD")
        await answer(exchange)

    return read


def _health_of(channel: grpc.aio.Channel) -> Callable[[], Awaitable[str]]:
    check: Any = channel.unary_unary(
        _HEALTH,
        request_serializer=health_pb2.HealthCheckRequest.SerializeToString,
        response_deserializer=health_pb2.HealthCheckResponse.FromString,
    )

    async def state() -> str:
        try:
            answer = await check(health_pb2.HealthCheckRequest(), timeout=_PATIENCE)
        except grpc.aio.AioRpcError:
            return "NOT_SERVING"
        return health_pb2.HealthCheckResponse.ServingStatus.Name(answer.status)

    return state
