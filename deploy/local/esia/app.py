"""The stand as one Starlette application, and as a server that runs inside another program."""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import AsyncIterator, Generator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from email.utils import format_datetime
from typing import Final

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request as HttpRequest
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from deploy.local.esia import pages
from deploy.local.esia.authorize import Authorize
from deploy.local.esia.people import People
from deploy.local.esia.persons import Persons
from deploy.local.esia.seal import Seal
from deploy.local.esia.stand import Stand
from deploy.local.esia.switchboard import Switchboard
from deploy.local.esia.systems import Registry
from deploy.local.esia.tokens import Tokens
from services.identity.esia.gost.process import GostProcess

_SLASHES: Final = re.compile(r"/{2,}")
_FOR_SYSTEMS: Final = ("/aas/", "/rs/")


class _TolerantPaths:
    """Client systems send ``/rs/prns/1/`` and ``//kids``: both are meant well (they are at ESIA)."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            path = _SLASHES.sub("/", scope["path"])
            scope = {**scope, "path": path.rstrip("/") or "/"}
        await self._app(scope, receive, send)


class _Troubles:
    """What the switches say about every answer: late, of another time, or a maintenance page instead."""

    def __init__(self, app: ASGIApp, stand: Stand) -> None:
        self._app = app
        self._stand = stand

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        switches = self._stand.switches

        async def send_dated(message: Message) -> None:
            if message["type"] == "http.response.start":
                date = format_datetime(self._stand.now(), usegmt=True).encode()
                message = {**message, "headers": [*message["headers"], (b"date", date)]}
            await send(message)

        app = self._app
        if scope["type"] == "http" and not scope["path"].startswith("/stand"):
            if switches.latency:
                await asyncio.sleep(switches.latency)
            if switches.html and scope["path"].startswith(_FOR_SYSTEMS):
                app = pages.maintenance(switches.html_status)
        await app(scope, receive, send_dated)


def application(stand: Stand, *, switchboard: bool) -> ASGIApp:
    """The application for ``stand``; ``switchboard`` opens ``/stand``, where its troubles are switched."""

    async def front(_: HttpRequest) -> Response:
        facts = [
            ("Издатель маркеров", stand.registry.stand.issuer),
            ("Системы", ", ".join(system.mnemonic for system in stand.registry.systems)),
            ("Учётных записей", str(len(stand.people))),
        ]
        return pages.front("Учебный стенд ЕСИА", facts)

    async def certificates(_: HttpRequest) -> Response:
        return Response(stand.seal.certificates_zip(), media_type="application/zip")

    async def certificate(http: HttpRequest) -> Response:
        der = stand.seal.certificates().get(http.path_params["name"])
        if der is None:
            return Response(status_code=404)
        return Response(der, media_type="application/pkix-cert")

    async def health(_: HttpRequest) -> Response:
        return JSONResponse({"status": "SERVING"})

    routes = [
        Route("/", front),
        Route("/health", health),
        Route("/certificates.zip", certificates),
        Route("/certificates/{name}", certificate),
        *Authorize(stand).routes(),
        *Tokens(stand).routes(),
        *Persons(stand).routes(),
        *(Switchboard(stand).routes() if switchboard else []),
        Mount("/static", StaticFiles(directory=pages.STATIC)),
    ]
    return _TolerantPaths(_Troubles(Starlette(routes=routes), stand))


@asynccontextmanager
async def stand_of(registry: Registry, people: People) -> AsyncIterator[Stand]:
    """A stand with its GOST process and its keys, which are made at the first start."""
    async with GostProcess() as gost:
        yield Stand(registry, people, gost, Seal(registry.stand.keys, gost))


@dataclass(frozen=True, slots=True)
class Running:
    """A stand that serves."""

    url: str
    stand: Stand


@asynccontextmanager
async def serve(
    registry: Registry, people: People, *, host: str = "127.0.0.1", port: int = 0, switchboard: bool = True
) -> AsyncIterator[Running]:
    """Serve on ``host:port`` (0: any free port) until the block ends."""
    async with stand_of(registry, people) as stand:
        config = uvicorn.Config(
            application(stand, switchboard=switchboard),
            # Codes and tokens travel in addresses and must not reach an access log.
            access_log=False,
            log_level="warning",
            lifespan="off",
            server_header=False,
            date_header=False,  # the stand's own time is sent instead
            timeout_graceful_shutdown=2,
        )
        server = _Server(config)
        listening = _listening(host, port)
        running = asyncio.create_task(server.serve(sockets=[listening]))
        try:
            await server.ready.wait()
            shown = f"[{host}]" if ":" in host else host
            yield Running(f"http://{shown}:{listening.getsockname()[1]}", stand)
        finally:
            server.should_exit = True
            await running


def _listening(host: str, port: int) -> socket.socket:
    listening = socket.create_server((host, port), backlog=512)
    # asyncio does this by itself only for sockets that name their protocol, which create_server's do not;
    # without it every answer waits 40 ms for an acknowledgement.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening


class _Server(uvicorn.Server):
    """uvicorn inside somebody else's loop: it says when it is ready and leaves signals alone."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready.set()

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        """Signals belong to the program around."""
        yield
