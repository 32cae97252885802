"""When a program of the region counts as ready: it answers, and it is ours that answers."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

from deploy.local import leash, ports
from deploy.local.trouble import Trouble

_WITHIN = 90.0  # seconds; a cold machine compiles and reads all libraries at the first start
_BETWEEN = 0.03
_ONE_TRY = 2.0

Ready = Callable[[leash.Child], Awaitable[None]]


def grpc_serving(port: int) -> Ready:
    """Ready when gRPC health says SERVING for the server as a whole."""

    async def serving() -> bool:
        import grpc  # noqa: PLC0415 - a fifth of a second, spent while the services start
        from grpc_health.v1 import health_pb2  # noqa: PLC0415

        async with grpc.aio.insecure_channel(f"{ports.LOOPBACK}:{port}") as channel:
            check = channel.unary_unary(
                "/grpc.health.v1.Health/Check",
                request_serializer=health_pb2.HealthCheckRequest.SerializeToString,
                response_deserializer=health_pb2.HealthCheckResponse.FromString,
            )
            try:
                answer = await check(health_pb2.HealthCheckRequest(), timeout=_ONE_TRY)
            except grpc.RpcError:
                return False
        return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)

    return _ready_when(serving, port)


def http_ok(port: int, path: str = "/healthz") -> Ready:
    """Ready when ``path`` answers 200."""

    async def ok() -> bool:
        reader, writer = await asyncio.open_connection(ports.LOOPBACK, port)
        try:
            writer.write(
                f"GET {path} HTTP/1.1\r\nHost: {ports.LOOPBACK}:{port}\r\nConnection: close\r\n\r\n".encode()
            )
            return (await reader.readline()).split()[1:2] == [b"200"]
        finally:
            writer.close()

    return _ready_when(ok, port)


def _ready_when(answers: Callable[[], Awaitable[bool]], port: int) -> Ready:
    async def ready(child: leash.Child) -> None:
        deadline = time.monotonic() + _WITHIN
        name = child.program.name
        # The port first: a knock at a closed port is free, a client library's first try is not.
        while not (await ports.knock(port) and await _tried(answers)):
            if not child.running:
                raise Trouble(
                    f"{name} ended while starting", remedy=f"see {child.program.log}", log=child.log_tail()
                )
            if time.monotonic() > deadline:
                raise Trouble(
                    f"{name} did not get ready in {_WITHIN:.0f} s",
                    remedy=f"see {child.program.log}",
                    log=child.log_tail(),
                )
            await asyncio.sleep(_BETWEEN)
        ports.assert_owner(port, child.pid, name=name)

    return ready


async def _tried(answers: Callable[[], Awaitable[bool]]) -> bool:
    try:
        async with asyncio.timeout(_ONE_TRY):
            return await answers()
    except (OSError, TimeoutError):
        return False
