"""One RPC behind its HTTP path: request in, call, reply out. Everything that can be prepared is, at start."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl

import grpc
import orjson
from google.protobuf.message import Message

from services.gateway.calls import Context
from services.gateway.contracts import ContractError, Rpc
from services.gateway.problems import BadHeader, BadJson, BadValue, WrongMediaType
from services.gateway.sessions import Visitor
from services.gateway.transcoding.decoding import Readers, fields_from_text, fill, read_texts
from services.gateway.transcoding.encoding import Encoders
from services.gateway.transcoding.routing import Template
from services.kit.rpc.policy import admit

_JSON = b"application/json"
# More than any request here has fields; bounds the work of one query.
_MOST_QUERY_FIELDS = 50
_REQUEST_ID = "request_id"
_LONGEST_KEY = 128


class Endpoint:
    """Converts, calls, converts."""

    def __init__(self, rpc: Rpc, channel: grpc.aio.Channel, readers: Readers, encoders: Encoders) -> None:
        """Raises `ContractError` when the path has a field that the request has not."""
        self.rpc = rpc
        self.template = Template.parse(rpc.template)
        self.anyone = rpc.policy.WhichOneof("admits") == "anyone"
        self._call: Any = channel.unary_unary(
            rpc.path,
            request_serializer=rpc.request.SerializeToString,
            response_deserializer=rpc.reply.FromString,
        )
        self._from_text = fields_from_text(rpc.descriptor.input_type)
        self._fill = readers.of(rpc.descriptor.input_type)
        self._encode = encoders.of(rpc.descriptor.output_type)
        self._keyed = _REQUEST_ID in self._from_text
        for name in self.template.fields:
            if name not in self._from_text:
                raise ContractError(f"{rpc.template}: the request has no field {name} that fits into a path")

    def admit(self, visitor: Visitor, *, now: datetime) -> None:
        """Refuse whom the policy does not admit; the service will ask again. Raises what `admit` raises."""
        admit(self.rpc.policy, visitor.caller, now=now)

    def request(
        self, values: Iterable[str], query: bytes, body: bytes, headers: Mapping[bytes, bytes]
    ) -> Message:
        """The request that path, query, body and headers make.

        Raises `UnknownField`, `BadValue`, `BadJson`, `BadHeader`, `WrongMediaType`.
        """
        message = self.rpc.request()
        if body:
            fill(message, _json(body, headers), self._fill)
        if query:
            # Of an RPC with a body everything belongs into the body.
            read_texts(_query(query), {} if self.rpc.has_body else self._from_text, message)
        for name, value in zip(self.template.fields, values, strict=True):
            self._set_from_path(message, name, value)
        if self._keyed:
            _set_request_id(message, headers)
        return message

    async def reply(self, message: Message, context: Context) -> bytes:
        """Call and encode. Raises `grpc.aio.AioRpcError`."""
        reply = await self._call(
            message, timeout=context.timeout(), metadata=context.metadata_for(self.rpc.service)
        )
        return orjson.dumps(self._encode(reply))

    def _set_from_path(self, message: Message, name: str, value: str) -> None:
        in_body = getattr(message, name)
        read_texts([(name, [value])], self._from_text, message)
        if in_body and in_body != getattr(message, name):
            raise BadValue(field=name, expected="what the path says")


def _json(body: bytes, headers: Mapping[bytes, bytes]) -> object:
    media_type, _, parameters = headers.get(b"content-type", b"").partition(b";")
    charset = parameters.strip().lower()
    if media_type.strip().lower() != _JSON or charset not in {b"", b"charset=utf-8", b'charset="utf-8"'}:
        raise WrongMediaType(expected=_JSON.decode())
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as wrong:
        raise BadJson(line=str(wrong.lineno), column=str(wrong.colno)) from None


def _query(query: bytes) -> Iterable[tuple[str, list[str]]]:
    try:
        pairs = parse_qsl(
            query.decode("ascii"),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=_MOST_QUERY_FIELDS,
        )
    except ValueError:
        raise BadValue(field="", expected="a query in UTF-8 with few fields") from None
    found: dict[str, list[str]] = {}
    for name, value in pairs:
        found.setdefault(name, []).append(value)
    return found.items()


def _set_request_id(message: Any, headers: Mapping[bytes, bytes]) -> None:
    """Let the header ``Idempotency-Key`` fill ``request_id`` (AIP-155; the IETF draft of that name)."""
    header = headers.get(b"idempotency-key")
    if header is None:
        return
    # The draft writes the key as a quoted string; most clients do not.
    key = header.decode("latin-1").strip('"')
    if not key or len(key) > _LONGEST_KEY or not key.isascii() or not key.isprintable():
        raise BadHeader(header="Idempotency-Key")
    if message.request_id and message.request_id != key:
        raise BadValue(field=_REQUEST_ID, expected="what the header Idempotency-Key says")
    message.request_id = key
