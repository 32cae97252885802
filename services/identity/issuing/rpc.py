"""`IssuingService` on the wire."""

from __future__ import annotations

from school.identity.v1 import issuing_pb2, issuing_pb2_grpc
from services.identity.issuing.messages import (
    capacity_of,
    channel_of,
    class_message,
    documents_of,
    job_message,
    person_message,
    slip_message,
)
from services.identity.issuing.rules.people import ApplicationChannel
from services.identity.issuing.usecases.class_issues import ClassIssues, ClassWish
from services.identity.issuing.usecases.issuing import Issuing, Wish
from services.identity.people.rules import BadBirthDate, FullName, Snils
from services.identity.words import reason_given
from services.kit.caller import caller
from services.kit.clock import Clock
from services.kit.errors import BadDate
from services.kit.rpc.around import Context
from services.kit.rpc.parse import date_or_none, uuid_of


class IssuingRpc(issuing_pb2_grpc.IssuingServiceServicer):
    """Giving people what they enter with first.

    Args:
        address: where people enter, for their slips.
        allow_test_snils: accept the SNILS of ESIA's test persons.
    """

    def __init__(
        self, issuing: Issuing, classes: ClassIssues, *, address: str, allow_test_snils: bool, clock: Clock
    ) -> None:
        self._issuing = issuing
        self._classes = classes
        self._address = address
        self._allow_test_snils = allow_test_snils
        self._clock = clock

    async def FindPeople(
        self, request: issuing_pb2.FindPeopleRequest, context: Context
    ) -> issuing_pb2.FindPeopleResponse:
        """Whom documents describe."""
        name = request.name
        try:
            birth_date = date_or_none(request.birth_date, "birth_date")
        except BadDate:
            raise BadBirthDate from None
        search = self._issuing.search(
            FullName(*(" ".join(part.split()) for part in (name.surname, name.given_name, name.patronymic))),
            birth_date,
            Snils.parse(request.snils, allow_test_range=self._allow_test_snils)
            if request.snils.strip()
            else None,
        )
        found = await self._issuing.find(caller(), uuid_of(request.school_id, "school_id"), search)
        return issuing_pb2.FindPeopleResponse(people=map(person_message, found))

    async def GetIssuePerson(
        self, request: issuing_pb2.GetIssuePersonRequest, context: Context
    ) -> issuing_pb2.GetIssuePersonResponse:
        """One person."""
        seen = await self._issuing.person(
            caller(), uuid_of(request.school_id, "school_id"), uuid_of(request.person_id, "person_id")
        )
        return issuing_pb2.GetIssuePersonResponse(person=person_message(seen))

    async def ListIssuingClasses(
        self, request: issuing_pb2.ListIssuingClassesRequest, context: Context
    ) -> issuing_pb2.ListIssuingClassesResponse:
        """The caller's classes."""
        own = await self._issuing.classes(caller(), uuid_of(request.school_id, "school_id"))
        return issuing_pb2.ListIssuingClassesResponse(classes=[class_message(*each) for each in own])

    async def ListClassPeople(
        self, request: issuing_pb2.ListClassPeopleRequest, context: Context
    ) -> issuing_pb2.ListClassPeopleResponse:
        """The people of a class."""
        people = await self._issuing.class_people(
            caller(), uuid_of(request.school_id, "school_id"), uuid_of(request.class_id, "class_id")
        )
        return issuing_pb2.ListClassPeopleResponse(people=map(person_message, people))

    async def IssueCredentials(
        self, request: issuing_pb2.IssueCredentialsRequest, context: Context
    ) -> issuing_pb2.IssueCredentialsResponse:
        """A slip, once."""
        channel = channel_of(request.channel)
        electronic = channel is ApplicationChannel.ELECTRONIC
        wish = Wish(
            school_id=uuid_of(request.school_id, "school_id"),
            person_id=uuid_of(request.person_id, "person_id"),
            capacity=capacity_of(request.capacity),
            documents=documents_of(request.documents),
            channel=channel,
            account_request_id=uuid_of(request.account_request_id, "account_request_id")
            if electronic
            else None,
            reissue_reason=reason_given(request.reissue_reason) or None,
        )
        slip = await self._issuing.issue(caller(), wish, request_id=request.request_id, request=request)
        return issuing_pb2.IssueCredentialsResponse(slip=slip_message(slip, address=self._address))

    async def StartClassIssue(
        self, request: issuing_pb2.StartClassIssueRequest, context: Context
    ) -> issuing_pb2.StartClassIssueResponse:
        """The job now running."""
        wish = ClassWish(
            school_id=uuid_of(request.school_id, "school_id"),
            class_id=uuid_of(request.class_id, "class_id"),
            pupils=request.pupils,
            guardians=request.guardians,
            documents_seen=request.documents_seen,
        )
        job = await self._classes.start(caller(), wish, request_id=request.request_id, request=request)
        return issuing_pb2.StartClassIssueResponse(job=job_message(job, now=self._clock.now()))

    async def GetIssueJob(
        self, request: issuing_pb2.GetIssueJobRequest, context: Context
    ) -> issuing_pb2.GetIssueJobResponse:
        """How far the job is."""
        job = await self._classes.get(
            caller(), uuid_of(request.school_id, "school_id"), uuid_of(request.job_id, "job_id")
        )
        return issuing_pb2.GetIssueJobResponse(job=job_message(job, now=self._clock.now()))

    async def ListIssueJobs(
        self, request: issuing_pb2.ListIssueJobsRequest, context: Context
    ) -> issuing_pb2.ListIssueJobsResponse:
        """The caller's open jobs."""
        jobs = await self._classes.mine(caller(), uuid_of(request.school_id, "school_id"))
        now = self._clock.now()
        return issuing_pb2.ListIssueJobsResponse(jobs=[job_message(job, now=now) for job in jobs])

    async def StopIssueJob(
        self, request: issuing_pb2.StopIssueJobRequest, context: Context
    ) -> issuing_pb2.StopIssueJobResponse:
        """The job as it ended."""
        job = await self._classes.stop(
            caller(), uuid_of(request.school_id, "school_id"), uuid_of(request.job_id, "job_id")
        )
        return issuing_pb2.StopIssueJobResponse(job=job_message(job, now=self._clock.now()))

    async def TakeIssueSlips(
        self, request: issuing_pb2.TakeIssueSlipsRequest, context: Context
    ) -> issuing_pb2.TakeIssueSlipsResponse:
        """The slips, once."""
        slips = await self._classes.take(
            caller(), uuid_of(request.school_id, "school_id"), uuid_of(request.job_id, "job_id")
        )
        return issuing_pb2.TakeIssueSlipsResponse(
            slips=[slip_message(slip, address=self._address) for slip in slips]
        )
