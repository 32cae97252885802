"""Issuing in the contract's words."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from school.identity.v1 import issuing_pb2
from services.identity.issuing.rules.jobs import Job
from services.identity.issuing.rules.people import ApplicationChannel, Capacity, CredentialsState, Document
from services.identity.issuing.rules.refusals import ChannelNeeded, WrongCapacity
from services.identity.issuing.rules.slips import Slip
from services.identity.issuing.storage.people import ClassCounts
from services.identity.issuing.usecases.issuing import Seen
from services.identity.people.messages import name_message, wire_roles
from services.identity.schools.storage import SchoolClass

_DOCUMENTS: Final = {issuing_pb2.Document.Value(f"DOCUMENT_{document}"): document for document in Document}


def person_message(seen: Seen) -> issuing_pb2.IssuePerson:
    """A person as the issuer sees them."""
    candidate = seen.candidate
    message = issuing_pb2.IssuePerson(
        person_id=str(candidate.person_id),
        name=name_message(candidate.name),
        birth_date=candidate.birth_date.isoformat(),
        roles=wire_roles(candidate.roles_at(seen.school_id)),
        class_title=", ".join(place.title for place in candidate.classes),
        pupil_names=[ward.name.display for ward in candidate.wards],
        state=issuing_pb2.CredentialsState.Value(f"CREDENTIALS_STATE_{seen.state}"),
        capacities=[capacity_number(capacity) for capacity in seen.capacities],
        birth_date_differs=seen.birth_date_differs,
        snils_differs=seen.snils_differs,
    )
    waits = seen.state in {CredentialsState.ISSUED, CredentialsState.EXPIRED}
    if waits and candidate.account.temporary_until is not None:
        message.expires_at.FromDatetime(candidate.account.temporary_until)
    block = candidate.account.block
    if block is not None:
        message.block.CopyFrom(
            issuing_pb2.AccountBlock(
                by_operator=block.school_id is None, school_title=block.school_title, may_open=seen.may_open
            )
        )
    return message


def class_message(own: SchoolClass, counts: ClassCounts) -> issuing_pb2.IssuingClass:
    """A class, and how far it is."""
    return issuing_pb2.IssuingClass(
        class_id=str(own.id),
        title=own.title,
        people_count=counts.people,
        issued_count=counts.issued,
        active_count=counts.active,
    )


def slip_message(slip: Slip, *, address: str) -> issuing_pb2.Slip:
    """What a person takes home; ``address``: where to enter."""
    message = issuing_pb2.Slip(
        person_id=str(slip.person_id),
        name=name_message(slip.name),
        class_title=slip.class_title,
        login=slip.login,
        temporary_password=slip.temporary_password,
        address=address,
    )
    message.expires_at.FromDatetime(slip.expires_at)
    return message


def job_message(job: Job, *, now: datetime) -> issuing_pb2.IssueJob:
    """How far a job is."""
    message = issuing_pb2.IssueJob(
        job_id=str(job.id),
        class_id=str(job.class_id),
        class_title=job.class_title,
        state=issuing_pb2.IssueJobState.Value(f"ISSUE_JOB_STATE_{job.state(now)}"),
        total_count=job.total_count,
        issued_count=job.issued_count,
        skipped=[
            issuing_pb2.SkippedPerson(
                person_id=str(each.person_id), name=name_message(each.name), reason=each.reason
            )
            for each in job.skipped
        ],
    )
    message.started_at.FromDatetime(job.started_at)
    if job.slips_until is not None:
        message.slips_until.FromDatetime(job.slips_until)
    return message


def capacity_number(capacity: Capacity) -> issuing_pb2.IssueCapacity.ValueType:
    """The contract's number of a capacity."""
    return issuing_pb2.IssueCapacity.Value(f"ISSUE_CAPACITY_{capacity}")


def capacity_of(number: issuing_pb2.IssueCapacity.ValueType) -> Capacity:
    """The capacity that a request names. Raises `WrongCapacity` when it names none."""
    try:
        return Capacity(issuing_pb2.IssueCapacity.Name(number).removeprefix("ISSUE_CAPACITY_"))
    except ValueError:
        raise WrongCapacity from None


def documents_of(numbers: Iterable[issuing_pb2.Document.ValueType]) -> frozenset[Document]:
    """The documents that a request names; numbers that mean none are no documents."""
    return frozenset(_DOCUMENTS[number] for number in numbers if number in _DOCUMENTS)


def channel_of(number: issuing_pb2.ApplicationChannel.ValueType) -> ApplicationChannel:
    """The channel that a request names. Raises `ChannelNeeded` when it names none."""
    try:
        name = issuing_pb2.ApplicationChannel.Name(number).removeprefix("APPLICATION_CHANNEL_")
        return ApplicationChannel(name)
    except ValueError:
        raise ChannelNeeded from None
