"""Serves ``/openapi.json`` and ``/docs``: made when first asked for, kept as bytes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path

import orjson

from services.gateway.contracts import Rpc, read_descriptor_set
from services.gateway.edge.headers import SecurityHeaders
from services.gateway.exchange import JSON, Exchange
from services.gateway.openapi.comments import read_comments
from services.gateway.openapi.document import Document, document
from services.gateway.openapi.page import render
from services.gateway.system import Own

_HTML = b"text/html; charset=utf-8"
_CSS = b"text/css; charset=utf-8"
_STYLE = Path(__file__).parent / "docs.css"


class Documents:
    """What the API offers, for programs and for people."""

    def __init__(self, rpcs: Sequence[Rpc], security: SecurityHeaders, server: str) -> None:
        self._rpcs = rpcs
        self._security = security
        self._server = server
        self._made: dict[str, bytes] = {}

    @property
    def paths(self) -> Mapping[str, Own]:
        """Who answers what."""
        return {"/openapi.json": self._openapi, "/docs": self._docs, "/docs/style.css": self._style}

    async def _openapi(self, exchange: Exchange) -> None:
        body = self._made.get("openapi") or orjson.dumps(self._document())
        await self._send(exchange, "openapi", body, JSON)

    async def _docs(self, exchange: Exchange) -> None:
        exchange.defaults = self._security.page
        body = self._made.get("docs") or render(self._document()).encode()
        await self._send(exchange, "docs", body, _HTML)

    async def _style(self, exchange: Exchange) -> None:
        await self._send(exchange, "style", self._made.get("style") or _STYLE.read_bytes(), _CSS)

    async def _send(self, exchange: Exchange, name: str, body: bytes, content_type: bytes) -> None:
        self._made[name] = body
        tag = b'"%s"' % sha256(body).hexdigest()[:16].encode("ascii")
        exchange.defaults = [pair for pair in exchange.defaults if pair[0] != b"cache-control"]
        headers = [(b"cache-control", b"public, no-cache"), (b"etag", tag)]
        if exchange.headers.get(b"if-none-match") == tag:
            await exchange.start(304, [*headers, *exchange.defaults])
            await exchange.end()
        else:
            await exchange.answer(200, body, content_type, headers)

    def _document(self) -> Document:
        return document(self._rpcs, read_comments(read_descriptor_set().file), self._server)
