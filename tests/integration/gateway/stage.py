"""A gateway over loopback, and behind it a real gRPC server that plays all services as a test tells it.

The server is the kit's own, with its gates: a token, a role or a deadline that is not good enough is refused
there as in a real service. Only the answers are the test's.
"""

from __future__ import annotations

import secrets
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import grpc
import httpx2
from google.protobuf.message import Message

from school.access.v1.policy_pb2 import Role
from services.gateway.app import Gateway, run
from services.gateway.config import GatewaySettings
from services.gateway.contracts import Rpc, read_rpcs
from services.kit.rpc.server import serving
from tests.support.keys import REGION, Keys, make_keys

Answer = Callable[[Any], Message | Awaitable[Message]]
PUBLIC = "http://localhost:8080"


@dataclass(frozen=True, slots=True)
class Call:
    """A call as it arrived behind the gateway."""

    method: str
    request: Any
    metadata: dict[str, str]
    seconds_left: float


@dataclass(slots=True)
class Stage:
    """Plays every service: an empty reply, unless a test says otherwise."""

    keys: Keys
    answers: dict[str, Answer] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)
    address: str = ""

    def on(self, method: str, answer: Answer) -> None:
        """Answer ``method`` (``GetWeek``) by ``answer(request)``, which may raise a `DomainError`."""
        self.answers[method] = answer

    def reset(self) -> None:
        """Forget what was said and heard."""
        self.answers.clear()
        self.calls.clear()

    def called(self, method: str) -> list[Call]:
        """The calls of one method so far."""
        return [call for call in self.calls if call.method == method]

    def register(self, server: Any) -> None:
        """Register every RPC of the contracts."""
        services: dict[str, dict[str, Any]] = {}
        for rpc in read_rpcs():
            if not rpc.streams:
                name = rpc.descriptor.containing_service.full_name
                services.setdefault(name, {})[rpc.descriptor.name] = self._handler(rpc)
        for name, handlers in services.items():
            server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(name, handlers),))
            server.add_registered_method_handlers(name, handlers)

    def _handler(self, rpc: Rpc) -> Any:
        async def handle(request: Message, context: Any) -> Message:
            metadata = {key: str(value) for key, value in context.invocation_metadata()}
            self.calls.append(Call(rpc.descriptor.name, request, metadata, context.time_remaining()))
            answer = self.answers.get(rpc.descriptor.name)
            reply = answer(request) if answer else rpc.reply()
            return await reply if hasattr(reply, "__await__") else reply

        return grpc.unary_unary_rpc_method_handler(
            handle,
            request_deserializer=rpc.request.FromString,
            response_serializer=rpc.reply.SerializeToString,
        )


@dataclass(slots=True)
class Outside:
    """What a test has of a running gateway."""

    stage: Stage
    running: Gateway
    client: httpx2.AsyncClient
    settings: GatewaySettings

    def bearer(self, *roles: Role.ValueType, person_id: UUID | None = None) -> dict[str, str]:
        """Headers of somebody who is signed in."""
        return {"Authorization": f"Bearer {self.stage.keys.token(*roles, person_id=person_id)}"}

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.running.address.rpartition(":")[2])


@asynccontextmanager
async def stage(folder: Path) -> AsyncIterator[Stage]:
    """The services, played."""
    played = Stage(make_keys(folder))
    async with serving(
        listen="127.0.0.1:0",
        domain="stage.school",
        verifier=played.keys.verifier(),
        register=played.register,
    ) as server:
        played.address = server.address
        yield played


@asynccontextmanager
async def outside(played: Stage, folder: Path, **settings: Any) -> AsyncIterator[Outside]:
    """A running gateway in front of the played services."""
    form_key = folder / "form.key"
    form_key.write_text(secrets.token_urlsafe(32))
    present = GatewaySettings(
        **{
            "region": REGION,
            "jwks_file": played.keys.public,
            # Nobody listens there: a gateway serves without the bus.
            "nats_url": f"nats://127.0.0.1:{free_port()}",
            "identity_address": played.address,
            "diary_address": played.address,
            "notifications_address": played.address,
            "public_base_url": PUBLIC,
            "form_key_file": form_key,
            **settings,
        }
    )
    async with (
        run(present) as running,
        httpx2.AsyncClient(base_url=f"http://{running.address}", trust_env=False) as client,
    ):
        yield Outside(played, running, client, present)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
