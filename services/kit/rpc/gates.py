"""What every RPC passes before its servicer: log line and errors, load, deadline, caller and policy."""

from __future__ import annotations

import asyncio
import re
import time

import grpc
from google.protobuf.message import Message

from school.access.v1.policy_pb2 import Policy
from services.kit import log
from services.kit.caller import Caller, set_caller
from services.kit.client import set_call
from services.kit.errors import (
    DeadlineNeeded,
    DomainError,
    Overloaded,
    SessionEnded,
    TokenExpired,
    TokenRefused,
    Unauthenticated,
)
from services.kit.ids import new_id
from services.kit.rpc.around import Context, Proceed, metadata
from services.kit.rpc.policy import admit
from services.kit.rpc.status import details
from services.kit.service_tokens import KnownService, ServiceVerifier
from services.kit.tokens import TokenVerifier

REQUEST_ID_KEY = "x-request-id"
# What we accept as an id from outside: it goes into logs, so it may not carry anything else.
SANE_REQUEST_ID = re.compile(r"[A-Za-z0-9_-]{8,64}")

_logger = log.get_logger("rpc")


class Edge:
    """Outermost: binds the request id, turns errors into statuses, writes one canonical line per call."""

    def __init__(self, domain: str) -> None:
        """``domain`` goes into `ErrorInfo`, such as "diary.school"."""
        self._domain = domain

    async def around(self, method: str, request: Message, context: Context, proceed: Proceed) -> Message:
        """Run the call; whatever goes wrong leaves as a typed status."""
        came_with = metadata(context, REQUEST_ID_KEY)
        sane = came_with is not None and SANE_REQUEST_ID.fullmatch(came_with)
        log.request_id.set(came_with if sane else new_id().hex)
        began = time.perf_counter()
        code, reason = "OK", ""
        try:
            return await proceed(request, context)
        except DomainError as refused:
            code, reason = refused.status.name, refused.reason
            await context.abort(refused.status, refused.title, details(refused, domain=self._domain))
        except grpc.aio.AbortError:
            code = "ABORTED_BY_HANDLER"
            raise
        except asyncio.CancelledError:
            code = "CANCELLED"
            raise
        except Exception as broken:  # noqa: BLE001 - the edge: nothing may leave without a status
            code = reason = "INTERNAL"
            # The text of an unexpected error may quote data, so only its kind and place are written.
            _logger.error(  # noqa: TRY400 - a traceback would quote the text
                "call broke", method=method, error=log.kind_and_place(broken)
            )
            await context.abort(grpc.StatusCode.INTERNAL, "Something went wrong on our side")
        finally:
            _logger.info("call", method=method, code=code, reason=reason, ms=_ms_since(began))


class Load:
    """Refuses calls above a number in progress. grpc's own limit would refuse health checks too."""

    def __init__(self, most: int) -> None:
        """``most``: calls in progress at once."""
        self._most = most
        self._present = 0

    async def around(self, _method: str, request: Message, context: Context, proceed: Proceed) -> Message:
        """Raises `Overloaded`."""
        if self._present >= self._most:
            raise Overloaded
        self._present += 1
        try:
            return await proceed(request, context)
        finally:
            self._present -= 1


class Deadline:
    """Refuses calls that would wait for ever."""

    async def around(self, _method: str, request: Message, context: Context, proceed: Proceed) -> Message:
        """Raises `DeadlineNeeded`."""
        if context.time_remaining() is None:
            raise DeadlineNeeded
        return await proceed(request, context)


class Access:
    """Who calls, and whether the RPC's policy admits them."""

    def __init__(
        self, policies: dict[str, Policy], verifier: TokenVerifier, services: ServiceVerifier | None = None
    ) -> None:
        """``policies`` by full method path, as `services.kit.rpc.policy.policies_of` read them."""
        self._policies = policies
        self._verifier = verifier
        self._services = services

    async def around(self, method: str, request: Message, context: Context, proceed: Proceed) -> Message:
        """Let who may pass, people by their access token and services by their own.

        Raises `Unauthenticated`, what the verifiers raise, what `admit` raises, and `ServiceNotAdmitted`.
        """
        policy = self._policies[method]
        set_call(context)
        authorization = metadata(context, "authorization")
        if policy.anyone:
            set_caller(self._caller_if_any(authorization))
        elif policy.internal:
            set_caller(None)
            self._service(authorization).require(method)
        else:
            caller = self._caller(authorization)
            admit(policy, caller, now=self._verifier.now())
            set_caller(caller)
        return await proceed(request, context)

    def _caller(self, authorization: str | None) -> Caller:
        return self._verifier.verify(_bearer(authorization)).caller

    def _service(self, authorization: str | None) -> KnownService:
        token = _bearer(authorization)
        if self._services is None:
            raise TokenRefused
        return self._services.verify(token)

    def _caller_if_any(self, authorization: str | None) -> Caller | None:
        try:
            return self._caller(authorization)
        except (Unauthenticated, TokenRefused, TokenExpired, SessionEnded):
            return None


def _bearer(authorization: str | None) -> str:
    if authorization is None:
        raise Unauthenticated
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise TokenRefused
    return token


def _ms_since(began: float) -> float:
    return round((time.perf_counter() - began) * 1000, 1)
