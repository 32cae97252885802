"""`AccountRequestsService` on the wire."""

from __future__ import annotations

from school.identity.v1 import account_requests_pb2, account_requests_pb2_grpc
from services.identity.account_requests.rules import (
    LONGEST_PUPIL,
    AccountRequest,
    Applicant,
    ConsentNeeded,
)
from services.identity.account_requests.usecases import AccountRequests, NewRequest
from services.identity.contacts.rules import Email
from services.identity.issuing.messages import capacity_number, capacity_of, person_message
from services.identity.issuing.usecases.issuing import Issuing
from services.identity.people.messages import name_message
from services.identity.people.rules import BadBirthDate, FullName, Snils
from services.identity.words import one_line, reason_given
from services.kit.caller import caller
from services.kit.client import client
from services.kit.errors import BadDate
from services.kit.paging import PageWish
from services.kit.rpc.around import Context
from services.kit.rpc.parse import date_of, uuid_of


class AccountRequestsRpc(account_requests_pb2_grpc.AccountRequestsServiceServicer):
    """Requests for accounts.

    Args:
        requests: the use cases.
        issuing: finds the persons that a request may be about.
        allow_test_snils: accept the SNILS of ESIA's test persons.
    """

    def __init__(self, requests: AccountRequests, issuing: Issuing, *, allow_test_snils: bool) -> None:
        self._requests = requests
        self._issuing = issuing
        self._allow_test_snils = allow_test_snils

    async def SubmitAccountRequest(
        self, request: account_requests_pb2.SubmitAccountRequestRequest, context: Context
    ) -> account_requests_pb2.SubmitAccountRequestResponse:
        """The code by which the applicant follows the request."""
        if not request.consent:
            raise ConsentNeeded
        try:
            birth_date = date_of(request.birth_date, "birth_date")
        except BadDate:
            raise BadBirthDate from None
        name = request.name
        new = NewRequest(
            uuid_of(request.school_id, "school_id"),
            capacity_of(request.capacity),
            Applicant(
                FullName.registered(name.surname, name.given_name, name.patronymic),
                birth_date,
                Snils.parse(request.snils, allow_test_range=self._allow_test_snils)
                if request.snils.strip()
                else None,
                one_line(request.pupil, most=LONGEST_PUPIL),
                Email.parse(request.email).text,
            ),
        )
        submitted = await self._requests.submit(new, request_id=request.request_id, address=client().address)
        reply = account_requests_pb2.SubmitAccountRequestResponse(tracking_code=submitted.tracking_code)
        reply.due_at.FromDatetime(submitted.due_at)
        return reply

    async def TrackAccountRequest(
        self, request: account_requests_pb2.TrackAccountRequestRequest, context: Context
    ) -> account_requests_pb2.TrackAccountRequestResponse:
        """How the request stands."""
        found = await self._requests.track(request.tracking_code)
        return account_requests_pb2.TrackAccountRequestResponse(account_request=_message(found))

    async def WithdrawAccountRequest(
        self, request: account_requests_pb2.WithdrawAccountRequestRequest, context: Context
    ) -> account_requests_pb2.WithdrawAccountRequestResponse:
        """The request taken back."""
        after = await self._requests.withdraw(request.tracking_code)
        return account_requests_pb2.WithdrawAccountRequestResponse(account_request=_message(after))

    async def ListAccountRequests(
        self, request: account_requests_pb2.ListAccountRequestsRequest, context: Context
    ) -> account_requests_pb2.ListAccountRequestsResponse:
        """The school's open requests."""
        page = await self._requests.listed(
            caller(), self._issuing, uuid_of(request.school_id, "school_id"), PageWish.of(request)
        )
        reply = account_requests_pb2.ListAccountRequestsResponse(next_page_token=page.next_token)
        for each in page.rows:
            message = _message(each.request)
            message.candidates.extend(map(person_message, each.candidates))
            reply.account_requests.append(message)
        return reply

    async def AcceptAccountRequest(
        self, request: account_requests_pb2.AcceptAccountRequestRequest, context: Context
    ) -> account_requests_pb2.AcceptAccountRequestResponse:
        """The request accepted."""
        after = await self._requests.accept(
            caller(),
            uuid_of(request.school_id, "school_id"),
            uuid_of(request.account_request_id, "account_request_id"),
            uuid_of(request.person_id, "person_id"),
        )
        return account_requests_pb2.AcceptAccountRequestResponse(account_request=_message(after))

    async def RefuseAccountRequest(
        self, request: account_requests_pb2.RefuseAccountRequestRequest, context: Context
    ) -> account_requests_pb2.RefuseAccountRequestResponse:
        """The request refused."""
        after = await self._requests.refuse(
            caller(),
            uuid_of(request.school_id, "school_id"),
            uuid_of(request.account_request_id, "account_request_id"),
            reason_given(request.reason),
        )
        return account_requests_pb2.RefuseAccountRequestResponse(account_request=_message(after))


def _message(request: AccountRequest) -> account_requests_pb2.AccountRequest:
    applicant = request.applicant
    state = account_requests_pb2.AccountRequestState.Value(f"ACCOUNT_REQUEST_STATE_{request.state}")
    message = account_requests_pb2.AccountRequest(
        account_request_id=str(request.id),
        school_id=str(request.school_id),
        name=name_message(applicant.name),
        birth_date=applicant.birth_date.isoformat(),
        snils_masked=applicant.snils.digits[-4:] if applicant.snils else "",
        capacity=capacity_number(request.capacity),
        pupil=applicant.pupil,
        email=applicant.email,
        state=state,
        reason=request.reason,
        person_id=str(request.person_id or ""),
    )
    message.submitted_at.FromDatetime(request.submitted_at)
    message.due_at.FromDatetime(request.due_at)
    if request.decided_at is not None:
        message.decided_at.FromDatetime(request.decided_at)
    return message
