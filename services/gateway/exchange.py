"""One HTTP request and its answer, as every room of the gateway handles them."""

from __future__ import annotations

import time
from collections.abc import Callable

from starlette.types import Message, Receive, Scope, Send

from services.gateway.cookies import RawHeaders
from services.gateway.edge.authentication import Entrance
from services.gateway.problems import MEDIA_TYPE, BadHeader, Problem, Titles
from services.kit import log
from services.kit.ids import new_id
from services.kit.rpc.gates import SANE_REQUEST_ID

JSON = b"application/json"
# Set by the server's protocol: cuts the connection at once, also when its reader has stopped reading.
ABORT = "diary.abort"
# Seconds: the whole answer to a request.
DEFAULT_DEADLINE = 5.0


class Exchange:
    """A request with what was found out about it, and the way to answer it."""

    __slots__ = (
        "_send", "began", "defaults", "entrance", "headers", "method", "path", "reason", "receive",
        "request_id", "scope", "started", "status",
    )  # fmt: skip

    def __init__(self, scope: Scope, receive: Receive, send: Send, defaults: RawHeaders) -> None:
        """``defaults``: the headers that the answer carries in any case."""
        self.scope = scope
        self.receive = receive
        self._send = send
        self.defaults = defaults
        self.method: str = scope["method"]
        # Of a header sent twice the last counts, everywhere in the gateway.
        self.headers: dict[bytes, bytes] = dict(scope["headers"])
        self.entrance = Entrance()
        self.path = "-"
        """The template of the path for the log; the path itself may hold anything."""
        self.status = 0
        self.reason = ""
        self.started = False
        self.began = time.monotonic()
        came_with = self.headers.get(b"x-request-id", b"").decode("latin-1")
        self.request_id = came_with if SANE_REQUEST_ID.fullmatch(came_with) else new_id().hex
        log.request_id.set(self.request_id)

    @property
    def accept_language(self) -> str:
        """The languages the reader wishes; empty when they say nothing."""
        return self.headers.get(b"accept-language", b"").decode("latin-1")

    def abort(self) -> None:
        """Cut the connection at once; what was not sent yet is lost."""
        cut: Callable[[], None] = self.scope["extensions"][ABORT]["cut"]
        cut()

    async def gone(self) -> None:
        """Return when the connection is no more."""
        while (await self.receive())["type"] != "http.disconnect":
            continue

    def deadline(self) -> float:
        """When the answer is due (`time.monotonic`): 5 s, or sooner by the header ``X-Request-Timeout``.

        Raises `BadHeader` when that header is no number of seconds.
        """
        wished = self.headers.get(b"x-request-timeout")
        if wished is None:
            return self.began + DEFAULT_DEADLINE
        try:
            seconds = float(wished)
        except ValueError:
            seconds = 0.0
        if not seconds > 0:
            raise BadHeader(header="X-Request-Timeout")
        return self.began + min(seconds, DEFAULT_DEADLINE)

    async def answer(
        self, status: int, body: bytes, content_type: bytes = JSON, headers: RawHeaders | None = None
    ) -> None:
        """Send a whole answer with the default headers, the request id, and the cookies that are due."""
        await self.start(
            status,
            [
                (b"content-type", content_type),
                (b"content-length", str(len(body)).encode("ascii")),
                *(headers or ()),
                *self.defaults,
            ],
        )
        await self._send({"type": "http.response.body", "body": body})

    async def start(self, status: int, headers: RawHeaders) -> None:
        """Begin an answer; the request id and the cookies that are due are added."""
        self.status = status
        self.started = True
        headers.append((b"x-request-id", self.request_id.encode("ascii")))
        headers.extend(self.entrance.cookies)
        await self._send({"type": "http.response.start", "status": status, "headers": headers})

    async def more(self, body: bytes) -> None:
        """Send a part of a begun answer."""
        await self._send({"type": "http.response.body", "body": body, "more_body": True})

    async def end(self) -> None:
        """End a begun answer."""
        await self._send({"type": "http.response.body", "body": b""})

    async def pass_on(self, message: Message) -> None:
        """Send a message of a page as it is."""
        await self._send(message)

    async def answer_problem(self, problem: Problem, titles: Titles) -> None:
        """Answer with problem+json."""
        self.reason = problem.reason
        body = problem.body(request_id=self.request_id, accept_language=self.accept_language, titles=titles)
        await self.answer(problem.status, body, MEDIA_TYPE, problem_headers(problem))


def problem_headers(problem: Problem) -> RawHeaders:
    """The headers that a problem asks for beside its body."""
    headers: RawHeaders = []
    if problem.status == 401:
        headers.append((b"www-authenticate", b"Bearer"))
    if problem.retry_after is not None:
        headers.append((b"retry-after", str(problem.retry_after).encode("ascii")))
    if problem.allow is not None:
        headers.append((b"allow", problem.allow.encode("ascii")))
    if problem.status in {408, 413}:
        # The rest of the body is still on its way and nobody will read it.
        headers.append((b"connection", b"close"))
    return headers
