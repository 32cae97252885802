"""Typed calls of the services, for pages and the live stream.

``await services.diary.week.GetWeek(request)`` carries deadline, request id and access token of the HTTP
request in progress, and raises `Refused` with the problem to show when the service says no.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Final, TypeAlias, cast

import grpc

from school.diary.v1 import (
    homework_pb2_grpc,
    journal_pb2_grpc,
    marks_pb2_grpc,
    remarks_pb2_grpc,
    schools_pb2_grpc,
    views_pb2_grpc,
    week_pb2_grpc,
)
from school.identity.v1 import (
    account_requests_pb2_grpc,
    accounts_pb2_grpc,
    activation_pb2_grpc,
    audit_pb2_grpc,
    binding_pb2_grpc,
    blocks_pb2_grpc,
    cases_pb2_grpc,
    consents_pb2_grpc,
    contacts_pb2_grpc,
    corrections_pb2_grpc,
    delegations_pb2_grpc,
    esia_children_pb2_grpc,
    families_pb2_grpc,
    issuing_pb2_grpc,
    leaving_pb2_grpc,
    own_data_pb2_grpc,
    passwords_pb2_grpc,
    people_pb2_grpc,
    regions_pb2_grpc,
    register_pb2_grpc,
    school_watches_pb2_grpc,
    second_factor_pb2_grpc,
    sessions_pb2_grpc,
    sign_in_pb2_grpc,
    staff_pb2_grpc,
)
from school.identity.v1 import schools_pb2_grpc as listings_pb2_grpc
from school.notifications.v1 import delivery_pb2_grpc, inbox_pb2_grpc
from services.gateway import problems
from services.gateway.problems import Refused

# A call for which no time is left is sent all the same, so that it fails as a call does.
_LEAST = 0.001

TOLD_OF_CLIENTS: Final = "identity"
"""The service that counts guesses and lists sessions; an address is nobody else's business."""
Metadata: TypeAlias = "tuple[tuple[str, str], ...]"
Channels = Mapping[str, grpc.aio.Channel]
"""A channel for each service, by the service's name."""


@dataclass(frozen=True, slots=True)
class Context:
    """What a call inherits from the HTTP request that causes it.

    ``deadline`` is an instant of `time.monotonic`; ``token`` an access token, already verified at this edge;
    ``client`` tells who is behind the request, and is asked by calls of identity alone.
    """

    request_id: str
    deadline: float
    token: str | None = None
    client: Callable[[], Metadata] | None = None

    def timeout(self) -> float:
        """Seconds left for a call that begins now."""
        return max(self.deadline - time.monotonic(), _LEAST)

    def metadata(self) -> Metadata:
        """The metadata of a call: built from scratch, so nothing from outside slips through (A29)."""
        if self.token is None:
            return (("x-request-id", self.request_id),)
        return (("x-request-id", self.request_id), ("authorization", f"Bearer {self.token}"))

    def metadata_for(self, service: str) -> Metadata:
        """The metadata of a call of ``service``: identity alone learns the address and device behind it."""
        if self.client is None or service != TOLD_OF_CLIENTS:
            return self.metadata()
        return (*self.metadata(), *self.client())


_context: ContextVar[Context] = ContextVar("gateway_call_context")


def set_context(context: Context) -> None:
    """Set by the door for the HTTP request in progress."""
    _context.set(context)


def context() -> Context:
    """The context of the HTTP request in progress. Raises `LookupError` outside of one."""
    return _context.get()


class _WithContext:
    """The part of a channel that generated stubs use; calls take deadline and metadata from the context."""

    def __init__(self, channel: grpc.aio.Channel, service: str) -> None:
        self._channel = channel
        self._service = service

    def unary_unary(
        self,
        method: str,
        request_serializer: Callable[[Any], bytes],
        response_deserializer: Callable[[bytes], Any],
        _registered_method: bool = False,
    ) -> Callable[[Any], Any]:
        """Called by a generated stub, once for each of its methods."""
        call = self._channel.unary_unary(method, request_serializer, response_deserializer)
        service = self._service

        async def with_context(request: Any) -> Any:
            present = context()
            try:
                metadata = present.metadata_for(service)
                return await call(request, timeout=present.timeout(), metadata=metadata)
            except grpc.aio.AioRpcError as error:
                raise Refused(problems.of_call(error)) from error

        return with_context

    def unary_stream(self, *_: object, **__: object) -> None:
        """Streams are answered by the gateway itself; no page calls one."""


class Identity:
    """The services of identity, one attribute for each."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self.account_requests = account_requests_pb2_grpc.AccountRequestsServiceStub(channel)
        self.accounts = accounts_pb2_grpc.AccountsServiceStub(channel)
        self.activation = activation_pb2_grpc.ActivationServiceStub(channel)
        self.audit = audit_pb2_grpc.AuditServiceStub(channel)
        self.binding = binding_pb2_grpc.BindingServiceStub(channel)
        self.blocks = blocks_pb2_grpc.BlocksServiceStub(channel)
        self.cases = cases_pb2_grpc.CasesServiceStub(channel)
        self.consents = consents_pb2_grpc.ConsentsServiceStub(channel)
        self.contacts = contacts_pb2_grpc.ContactsServiceStub(channel)
        self.corrections = corrections_pb2_grpc.CorrectionsServiceStub(channel)
        self.delegations = delegations_pb2_grpc.DelegationsServiceStub(channel)
        self.esia_children = esia_children_pb2_grpc.EsiaChildrenServiceStub(channel)
        self.families = families_pb2_grpc.FamiliesServiceStub(channel)
        self.issuing = issuing_pb2_grpc.IssuingServiceStub(channel)
        self.leaving = leaving_pb2_grpc.LeavingServiceStub(channel)
        self.own_data = own_data_pb2_grpc.OwnDataServiceStub(channel)
        self.passwords = passwords_pb2_grpc.PasswordsServiceStub(channel)
        self.people = people_pb2_grpc.PeopleServiceStub(channel)
        self.register = register_pb2_grpc.RegisterServiceStub(channel)
        self.regions = regions_pb2_grpc.RegionsServiceStub(channel)
        self.school_watches = school_watches_pb2_grpc.SchoolWatchesServiceStub(channel)
        self.schools = listings_pb2_grpc.SchoolsServiceStub(channel)
        self.second_factor = second_factor_pb2_grpc.SecondFactorServiceStub(channel)
        self.sessions = sessions_pb2_grpc.SessionsServiceStub(channel)
        self.sign_in = sign_in_pb2_grpc.SignInServiceStub(channel)
        self.staff = staff_pb2_grpc.StaffServiceStub(channel)


class Diary:
    """The services of the diary."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self.homework = homework_pb2_grpc.HomeworkServiceStub(channel)
        self.journal = journal_pb2_grpc.JournalServiceStub(channel)
        self.marks = marks_pb2_grpc.MarksServiceStub(channel)
        self.remarks = remarks_pb2_grpc.RemarksServiceStub(channel)
        self.schools = schools_pb2_grpc.SchoolsServiceStub(channel)
        self.views = views_pb2_grpc.ViewsServiceStub(channel)
        self.week = week_pb2_grpc.WeekServiceStub(channel)


class Notifications:
    """The services of notifications."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self.delivery = delivery_pb2_grpc.DeliveryServiceStub(channel)
        self.inbox = inbox_pb2_grpc.InboxServiceStub(channel)


class Services:
    """Everything that pages may call: ``services.<service>.<capability>.<Method>(request)``."""

    def __init__(self, channels: Channels) -> None:
        self.identity = Identity(_with_context(channels, "identity"))
        self.diary = Diary(_with_context(channels, "diary"))
        self.notifications = Notifications(_with_context(channels, "notifications"))


def _with_context(channels: Channels, service: str) -> grpc.aio.Channel:
    return cast("grpc.aio.Channel", _WithContext(channels[service], service))
