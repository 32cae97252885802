"""Mail, SMS and the page that shows both, on one loop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass

import uvicorn
from starlette.applications import Starlette
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from deploy.local.outside.mail import smtp
from deploy.local.outside.page import Page
from deploy.local.outside.post import PostOffice
from deploy.local.outside.sms import SmsDoor
from deploy.local.outside.switches import Switches
from deploy.local.outside.troubles import Troubles

_LOOPBACK = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Outside:
    """The addresses taken, and what has arrived."""

    post: PostOffice
    troubles: Troubles
    smtp_port: int
    http_port: int


def application(post: PostOffice, troubles: Troubles, sms_key: str) -> Starlette:
    """The HTTP side: the SMS provider's door, the page, the switches of troubles."""
    switches = Switches(troubles)
    page = Page(post)
    application = Starlette(
        routes=[
            Route("/", page.html, methods=["GET"]),
            Route("/messages", page.json, methods=["GET"]),
            Route("/clear", page.clear, methods=["POST"]),
            Route("/sms/messages", SmsDoor(post, troubles, sms_key).send, methods=["POST"]),
            Route("/troubles", switches.show, methods=["GET"]),
            Route("/troubles", switches.change, methods=["POST"]),
            Route("/healthz", _healthz, methods=["GET"]),
        ]
    )
    # Codes and links for people are shown here: no foreign page may read them by rebinding its name.
    application.add_middleware(TrustedHostMiddleware, allowed_hosts=["127.0.0.1", "localhost"])
    return application


@asynccontextmanager
async def run(*, smtp_port: int, http_port: int, sms_key: str) -> AsyncIterator[Outside]:
    """Serve on loopback; port 0 takes any."""
    post, troubles = PostOffice(), Troubles()
    loop = asyncio.get_running_loop()
    mail = await loop.create_server(lambda: smtp(post, troubles), _LOOPBACK, smtp_port)
    configuration = uvicorn.Config(
        application(post, troubles, sms_key),
        host=_LOOPBACK,
        port=http_port,
        log_level="warning",
        access_log=False,
    )
    listener = configuration.bind_socket()
    server = _Server(configuration)
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        yield Outside(post, troubles, mail.sockets[0].getsockname()[1], listener.getsockname()[1])
    finally:
        server.should_exit = True
        await serving
        mail.close()
        await mail.wait_closed()


class _Server(uvicorn.Server):
    """Leaves signals to whoever runs it."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


async def _healthz(request: Request) -> PlainTextResponse:
    return PlainTextResponse("ok\n")
