"""The HTTP server: uvicorn inside our own event loop, with bounds on what comes before the application.

uvicorn bounds neither the size of a request's head nor the time it may take, nor what comes beside a body
(trailers, the sizes of chunks) and after the answer, so a sender who is slow or endless would hold memory
and a descriptor for ever (A35). It also takes trailers for headers; here they are heard and forgotten
(RFC 9110, section 6.5.1). The rest is uvicorn's as it is.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any

import uvicorn
from starlette.types import ASGIApp
from typing_extensions import override
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from services.gateway.corked import CorkedTransport
from services.gateway.exchange import ABORT

# Bytes of request line and headers; cookies and a bearer token are some three kB.
_MOST_HEAD = 32 * 1024
# Bytes of a request after its head that nobody reads: what frames a body, trailers, a body after its answer.
_MOST_BESIDE = 64 * 1024
# Seconds from the first byte (or the connection) to the end of the headers; and from an answer to the end of
# a request that was answered before it was all there.
_PATIENCE = 10.0
# Longer than a balancer in front keeps a connection it may use again, so that it never meets a closed one.
_KEEP_ALIVE = 75
_STOP_PATIENCE = 10
_BACKLOG = 2048

_TOO_LARGE = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\n"
    b"content-type: application/problem+json\r\nconnection: close\r\n\r\n"
    b'{"type":"about:blank","title":"The headers are too large","status":431,"reason":"HEADERS_TOO_LARGE"}'
)
_NOT_HTTP = (
    b"HTTP/1.1 400 Bad Request\r\ncontent-type: application/problem+json\r\nconnection: close\r\n\r\n"
    b'{"type":"about:blank","title":"This is not HTTP","status":400,"reason":"BAD_HTTP"}'
)


class BoundedProtocol(HttpToolsProtocol):
    """One connection, whose requests are bounded in size and time except for the bodies that are read."""

    _in_head = True
    _head_bytes = 0
    # Between a head and the end of its request, with the next bytes to come.
    _in_rest = False
    _beside_bytes = 0
    _patience: asyncio.TimerHandle | None = None
    _in_progress: RequestResponseCycle | None = None
    _corked: CorkedTransport

    @override
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Called by the event loop."""
        self._corked = CorkedTransport(transport, self._more_is_coming)
        super().connection_made(self._corked)
        self._be_patient()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        """Called by the event loop. uvicorn tells the last request; an earlier one may be in progress."""
        self._lose_no_patience()
        present = self._in_progress
        if present is not None and not present.response_complete:
            present.disconnected = True
            present.message_event.set()
        super().connection_lost(exc)

    @override
    def data_received(self, data: bytes) -> None:
        """Called by the event loop."""
        if self._corked.is_closing():
            return  # heard out, not listened to
        # What comes in one read with its head is bounded by the size of a read.
        if self._in_rest:
            self._beside_bytes += len(data)
        super().data_received(data)
        self._in_rest = not self._in_head and self._more_is_coming()
        if self._in_rest and self._beside_bytes > _MOST_BESIDE:
            self.transport.close()
        if not self._in_head:
            return
        self._head_bytes += len(data)
        if self._head_bytes > _MOST_HEAD and not self.transport.is_closing():
            self.transport.write(_TOO_LARGE)
            self.transport.close()
        elif self._patience is None:
            self._be_patient()

    @override
    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self._in_progress = cycle
        super()._start_asgi_task(cycle, app)

    @override
    def on_message_begin(self) -> None:
        """Called by the parser."""
        super().on_message_begin()
        self._in_head = True
        self._head_bytes = 0
        self._in_rest = False
        self._beside_bytes = 0
        self.scope["extensions"] = {ABORT: {"cut": self.transport.abort}}

    @override
    def on_headers_complete(self) -> None:
        """Called by the parser."""
        self._in_head = False
        self._lose_no_patience()
        super().on_headers_complete()

    @override
    def on_header(self, name: bytes, value: bytes) -> None:
        """Called by the parser, for trailers as well."""
        if self._in_head:
            super().on_header(name, value)

    @override
    def on_body(self, body: bytes) -> None:
        """Called by the parser."""
        if self._in_rest and not self.cycle.response_complete:
            self._beside_bytes -= len(body)
        super().on_body(body)

    @override
    def on_message_complete(self) -> None:
        """Called by the parser."""
        self._lose_no_patience()
        self.cycle.more_body = False
        super().on_message_complete()

    @override
    def on_response_complete(self) -> None:
        """Called by uvicorn after the last byte of an answer."""
        self._corked.flush()
        super().on_response_complete()
        if self._more_is_coming() and self._patience is None:
            self._be_patient()

    @override
    def send_400_response(self, msg: str) -> None:
        """Called by uvicorn for what is no HTTP; our errors are typed."""
        self.transport.write(_NOT_HTTP)
        self.transport.close()

    def _more_is_coming(self) -> bool:
        # There is no cycle before the first request.
        return bool(getattr(self.cycle, "more_body", False))

    def _be_patient(self) -> None:
        self._patience = self.loop.call_later(_PATIENCE, self.transport.abort)

    def _lose_no_patience(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    @override
    def capture_signals(self) -> Iterator[None]:
        """Signals belong to the process that runs us."""
        yield


@asynccontextmanager
async def serving(app: ASGIApp, *, listen: str, before_stop: Callable[[], None]) -> AsyncIterator[str]:
    """Serve ``app`` until the context ends; gives ``host:port`` as bound.

    Args:
        app: the ASGI application.
        listen: ``host:port``; port 0 takes a free one.
        before_stop: called when serving is about to end, to end what would go on for ever.

    Raises:
        OSError: the address cannot be bound.
    """
    bound = _bind(listen)
    config = uvicorn.Config(
        app,
        http=BoundedProtocol,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=_KEEP_ALIVE,
        timeout_graceful_shutdown=_STOP_PATIENCE,
        backlog=_BACKLOG,
    )
    server = _Server(config)
    task = asyncio.create_task(server.serve([bound]), name="http")
    try:
        await _until_started(server, task)
        host, port = bound.getsockname()[:2]
        yield f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    finally:
        before_stop()
        server.should_exit = True
        await task


async def _until_started(server: uvicorn.Server, task: asyncio.Task[Any]) -> None:
    while not server.started:
        if task.done():
            await task
            raise RuntimeError("the HTTP server ended before it began")
        await asyncio.sleep(0)


def _bind(listen: str) -> socket.socket:
    """A listening socket; never shared, so that no stale process can take part of the requests."""
    host, _, port = listen.rpartition(":")
    host = host.strip("[]")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((host, int(port)))
    except OSError as taken:
        bound.close()
        raise OSError(f"cannot listen on {listen}: is the port taken?") from taken
    return bound
