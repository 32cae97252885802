"""Errors as people outside meet them: problem+json (RFC 9457), one mapping from gRPC for the whole gateway.

The machine reason of a problem is stable; its title is a sentence in the reader's language, taken from the
pages' catalogue by the reason, else the English one that the error itself carries.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import ClassVar, TypeAlias

import grpc
import orjson

from services.kit.errors import DomainError
from services.kit.rpc.status import refusal

MEDIA_TYPE = b"application/problem+json"
Titles: TypeAlias = "Callable[[str, str], str | None]"
"""``titles(reason, accept_language)``: the sentence for a reason in the language that suits the header
``Accept-Language``; None when the catalogue has none."""

# google.rpc.Code → HTTP, as google/rpc/code.proto writes beside each code; AIP-193 asks for exactly this.
HTTP_STATUS: Mapping[grpc.StatusCode, int] = {
    grpc.StatusCode.OK: 200,
    grpc.StatusCode.CANCELLED: 499,
    grpc.StatusCode.UNKNOWN: 500,
    grpc.StatusCode.INVALID_ARGUMENT: 400,
    grpc.StatusCode.DEADLINE_EXCEEDED: 504,
    grpc.StatusCode.NOT_FOUND: 404,
    grpc.StatusCode.ALREADY_EXISTS: 409,
    grpc.StatusCode.PERMISSION_DENIED: 403,
    grpc.StatusCode.UNAUTHENTICATED: 401,
    grpc.StatusCode.RESOURCE_EXHAUSTED: 429,
    grpc.StatusCode.FAILED_PRECONDITION: 400,
    grpc.StatusCode.ABORTED: 409,
    grpc.StatusCode.OUT_OF_RANGE: 400,
    grpc.StatusCode.UNIMPLEMENTED: 501,
    grpc.StatusCode.INTERNAL: 500,
    grpc.StatusCode.UNAVAILABLE: 503,
    grpc.StatusCode.DATA_LOSS: 500,
}

_RETRY_AFTER_SECONDS = 1
INTERNAL = ("INTERNAL", "Something went wrong on our side")
# Faults of ours: even a well-meant detail could tell an attacker more than the reader.
_OURS = {grpc.StatusCode.UNKNOWN, grpc.StatusCode.INTERNAL, grpc.StatusCode.DATA_LOSS}


@dataclass(frozen=True, slots=True)
class Problem:
    """One error as it leaves the gateway.

    ``metadata`` never holds personal data; ``retry_after`` is in seconds.
    """

    status: int
    reason: str
    title: str
    metadata: Mapping[str, str] = field(default_factory=dict)
    retry_after: int | None = None
    allow: str | None = None
    """The methods of the path, for 405."""

    def body(self, *, request_id: str, accept_language: str, titles: Titles) -> bytes:
        """The problem+json document; its title is English unless ``accept_language`` wishes another."""
        document: dict[str, object] = {
            "type": "about:blank",
            "title": (titles(self.reason, accept_language) if accept_language else None) or self.title,
            "status": self.status,
            "reason": self.reason,
            "request_id": request_id,
        }
        if self.metadata:
            document["metadata"] = dict(self.metadata)
        return orjson.dumps(document)


class Refused(Exception):
    """A call, or the request itself, was refused; carries what to tell the reader."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.reason)
        self.problem = problem

    @property
    def reason(self) -> str:
        """The machine reason, such as ``STALE_MARK``."""
        return self.problem.reason


class EdgeError(DomainError):
    """An error of the HTTP door itself, with an HTTP status that no gRPC code has."""

    status = grpc.StatusCode.INVALID_ARGUMENT
    http_status: ClassVar[int] = HTTPStatus.BAD_REQUEST


class NoSuchPath(EdgeError):
    """Nothing is served under this path."""

    http_status = HTTPStatus.NOT_FOUND
    reason = "NO_SUCH_PATH"
    title = "There is nothing under this path"


class WrongMethod(EdgeError):
    """The path exists, but not for this method; the metadata says for which."""

    http_status = HTTPStatus.METHOD_NOT_ALLOWED
    reason = "WRONG_METHOD"
    title = "This path does not take this method"


class WrongMediaType(EdgeError):
    """The body is of a type that is not read here; the metadata says which is."""

    http_status = HTTPStatus.UNSUPPORTED_MEDIA_TYPE
    reason = "WRONG_MEDIA_TYPE"
    title = "The body must be of another media type"


class BodyTooLarge(EdgeError):
    """The body is larger than anything this door expects; the metadata says how large it may be."""

    http_status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    reason = "BODY_TOO_LARGE"
    title = "The body is too large"


class BodyTooSlow(EdgeError):
    """The body did not arrive in time."""

    http_status = HTTPStatus.REQUEST_TIMEOUT
    reason = "BODY_TOO_SLOW"
    title = "The body did not arrive in time"


class AddressTooLong(EdgeError):
    """Path and query together are longer than anything served here."""

    http_status = HTTPStatus.REQUEST_URI_TOO_LONG
    reason = "ADDRESS_TOO_LONG"
    title = "The address is too long"


class BadRequest(EdgeError):
    """A page does not understand what it was asked."""

    reason = "BAD_REQUEST"
    title = "The request is not understood"


class BadJson(EdgeError):
    """The body is not JSON."""

    reason = "BAD_JSON"
    title = "The body is not valid JSON"


class UnknownField(EdgeError):
    """The request names a field that the contract does not have; the metadata says which."""

    reason = "UNKNOWN_FIELD"
    title = "The request has a field that is not in the contract"


class BadValue(EdgeError):
    """A field's value is not of its type; the metadata names field and type."""

    reason = "BAD_VALUE"
    title = "A value is not of the right type"


class BadHeader(EdgeError):
    """A header's value is not understood; the metadata names the header."""

    reason = "BAD_HEADER"
    title = "A header is not understood"


class ForeignOrigin(EdgeError):
    """A browser was made to send this by a page of another site."""

    http_status = HTTPStatus.FORBIDDEN
    reason = "FOREIGN_ORIGIN"
    title = "The request comes from another site"


class BadFormToken(EdgeError):
    """The form, or the page that sent this, is not of this session; loading the page again helps."""

    http_status = HTTPStatus.FORBIDDEN
    reason = "BAD_FORM_TOKEN"
    title = "The page is out of date, load it again"


def of_domain(error: DomainError) -> Problem:
    """The problem that an error of our own code becomes."""
    status = int(error.http_status) if isinstance(error, EdgeError) else HTTP_STATUS[error.status]
    return Problem(
        status,
        error.reason,
        error.title,
        error.metadata,
        retry_after=_retry_after(status, error.metadata),
        allow=error.metadata.get("allow") if isinstance(error, WrongMethod) else None,
    )


def of_call(error: grpc.aio.AioRpcError) -> Problem:
    """The problem that a failed gRPC call becomes; faults of ours are told without details."""
    told = refusal(error)
    if error.code() in _OURS or told.reason == INTERNAL[0]:
        return internal()
    status = HTTP_STATUS.get(error.code(), 500)
    return Problem(
        status, told.reason, told.title, told.metadata, retry_after=_retry_after(status, told.metadata)
    )


def internal() -> Problem:
    """The problem for a fault of ours: no details, the request id leads to the log."""
    return Problem(500, *INTERNAL)


def too_slow() -> Problem:
    """The problem for an answer that was not ready in time."""
    return Problem(504, "TOO_SLOW", "The service did not answer in time")


def of_status(status: int) -> DomainError:
    """The error for a bare HTTP status that a page was refused with."""
    return NoSuchPath() if status == HTTPStatus.NOT_FOUND else BadRequest()


def _retry_after(status: int, metadata: Mapping[str, str]) -> int | None:
    """Seconds to wait before trying again, when waiting helps at all."""
    if status not in {429, 503}:
        return None
    told = metadata.get("retry_after_s", "")
    return int(told) if told.isdecimal() else _RETRY_AFTER_SECONDS
