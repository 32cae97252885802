"""`DomainError` → `google.rpc.Status` with `ErrorInfo`, and back on the calling side (AIP-193)."""

from __future__ import annotations

from dataclasses import dataclass

import grpc
from google.protobuf.message import DecodeError
from google.rpc import error_details_pb2, status_pb2

from services.kit.errors import DomainError

DETAILS_KEY = "grpc-status-details-bin"


def details(error: DomainError, *, domain: str) -> tuple[tuple[str, bytes], ...]:
    """The trailing metadata that carries the machine-readable half of the error."""
    status = status_pb2.Status(code=error.status.value[0], message=error.title)
    info = error_details_pb2.ErrorInfo(reason=error.reason, domain=domain, metadata=error.metadata)
    status.details.add().Pack(info)
    return ((DETAILS_KEY, status.SerializeToString()),)


@dataclass(frozen=True, slots=True)
class Refusal:
    """An error as it arrived from another process."""

    code: int
    """A `google.rpc.Code`."""
    reason: str
    title: str
    metadata: dict[str, str]


# A failure that no domain error explains: the caller learns the class of it and nothing of our insides.
_UNEXPLAINED = {
    grpc.StatusCode.UNAVAILABLE: ("UNAVAILABLE", "The service is not available right now"),
    grpc.StatusCode.DEADLINE_EXCEEDED: ("TOO_SLOW", "The service did not answer in time"),
    grpc.StatusCode.RESOURCE_EXHAUSTED: ("OVERLOADED", "Too much at once, try again in a moment"),
    grpc.StatusCode.UNIMPLEMENTED: ("NOT_HERE", "This service does not offer that"),
}


def refusal(error: grpc.aio.AioRpcError) -> Refusal:
    """Read what a failed call says; a failure without details becomes a plain one without our insides."""
    for key, value in error.trailing_metadata() or ():
        if key == DETAILS_KEY and isinstance(value, bytes):
            explained = _parse(value)
            if explained is not None:
                return explained
    reason, title = _UNEXPLAINED.get(error.code(), ("INTERNAL", "Something went wrong on our side"))
    return Refusal(error.code().value[0], reason, title, {})


def _parse(serialized: bytes) -> Refusal | None:
    try:
        status = status_pb2.Status.FromString(serialized)
    except DecodeError:
        return None
    for detail in status.details:
        info = error_details_pb2.ErrorInfo()
        if detail.Is(info.DESCRIPTOR) and detail.Unpack(info):
            return Refusal(status.code, info.reason, status.message, dict(info.metadata))
    return None
