"""The gRPC server of a service: its gates, its health, and an end that loses no call.

Traps this avoids, each measured: `SO_REUSEPORT` is on by default and lets a stale process steal calls; a
server that stops without telling its health first fails calls in flight; keepalive pings need the server's
consent.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, cast

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from services.kit.log import get_logger
from services.kit.rpc.around import guarded
from services.kit.rpc.gates import Access, Deadline, Edge, Load
from services.kit.rpc.policy import policies_of
from services.kit.service_tokens import ServiceVerifier
from services.kit.tokens import TokenVerifier

OPTIONS = (
    ("grpc.so_reuseport", 0),
    # Clients ping every 30 s; a server that forbids pings below 20 s would count them as abuse.
    ("grpc.http2.min_ping_interval_without_data_ms", 20_000),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.max_receive_message_length", 4 * 1024 * 1024),
    # Connections move on now and then, so that clients find replicas that came later.
    ("grpc.max_connection_age_ms", 300_000),
    ("grpc.max_connection_age_grace_ms", 30_000),
)
# After health says NOT_SERVING, clients need this long to look elsewhere; measured: 0 failed calls of 10 000.
DRAIN_SECONDS = 0.5
GRACE_SECONDS = 5.0
MOST_CALLS = 500

_logger = get_logger("server")


class ServicerRegistry:
    """What servicers register with: remembers their handlers, so that none is served without its gates."""

    def __init__(self) -> None:
        self.services: dict[str, dict[str, Any]] = {}

    def add_generic_rpc_handlers(self, handlers: Sequence[grpc.ServiceRpcHandler]) -> None:
        """Called by generated code; the same handlers come again by `add_registered_method_handlers`."""

    def add_registered_method_handlers(self, service_name: str, method_handlers: dict[str, Any]) -> None:
        """Called by generated code, once per service."""
        self.services[service_name] = method_handlers


Register = Callable[[grpc.aio.Server], None]
"""Adds servicers, by the generated ``add_…_to_server`` functions; what it gets is a `ServicerRegistry`."""


@dataclass(frozen=True, slots=True)
class Serving:
    """A server that answers."""

    address: str
    """``host:port`` as bound."""
    health: health.aio.HealthServicer


@asynccontextmanager
async def serving(
    *,
    listen: str,
    domain: str,
    verifier: TokenVerifier,
    register: Register,
    services: ServiceVerifier | None = None,
    most_calls: int = MOST_CALLS,
) -> AsyncIterator[Serving]:
    """Serve until the context ends, then drain.

    Args:
        listen: ``host:port``; port 0 takes a free one.
        domain: of `ErrorInfo`, such as "diary.school".
        verifier: of access tokens.
        register: adds the servicers.
        services: of the tokens of other services; None when no service may call.
        most_calls: in progress at once.

    Raises:
        PolicyMissing: one of the RPCs does not say who may call it.
        StreamRefused: one of the RPCs streams.
        OSError: the address cannot be bound.
    """
    registry = ServicerRegistry()
    # Generated code calls nothing of a server but what the registry has.
    register(cast("grpc.aio.Server", registry))
    policies = policies_of(registry.services)
    gates = (Edge(domain), Load(most_calls), Deadline(), Access(policies, verifier, services))
    server = grpc.aio.server(options=OPTIONS)
    for name, handlers in registry.services.items():
        handler = grpc.method_handlers_generic_handler(name, guarded(name, handlers, gates))
        server.add_generic_rpc_handlers((handler,))
    own_health = health.aio.HealthServicer()
    health_pb2_grpc.add_HealthServicer_to_server(own_health, server)
    reflection.enable_server_reflection(
        [*registry.services, reflection.SERVICE_NAME, health.SERVICE_NAME], server
    )
    try:
        port = server.add_insecure_port(listen)
    except RuntimeError as taken:
        raise OSError(f"cannot listen on {listen}: is the port taken?") from taken
    address = f"{listen.rpartition(':')[0]}:{port}"
    await server.start()
    for name in ("", *registry.services):
        await own_health.set(name, health_pb2.HealthCheckResponse.SERVING)
    _logger.info("serving", address=address)
    try:
        yield Serving(address, own_health)
    finally:
        await own_health.enter_graceful_shutdown()
        await asyncio.sleep(DRAIN_SECONDS)
        await server.stop(GRACE_SECONDS)
        _logger.info("stopped", address=address)
