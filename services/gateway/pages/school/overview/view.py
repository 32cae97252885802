"""The office at a glance: where somebody works, and what waits there."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from school.access.v1.policy_pb2 import Role
from school.identity.v1.account_requests_pb2 import AccountRequestState, ListAccountRequestsResponse
from school.identity.v1.cases_pb2 import Case
from school.identity.v1.corrections_pb2 import ListSchoolCorrectionsResponse
from school.identity.v1.issuing_pb2 import IssueJob, IssueJobState, IssuingClass
from school.identity.v1.staff_pb2 import Post
from services.gateway.pages.frame import ROLE_KEYS
from services.gateway.pages.school.dates import moment
from services.gateway.pages.school.desk import ISSUERS, SchoolView
from services.gateway.pages.school.words import JOBS


@dataclass(frozen=True, slots=True)
class ClassLine:
    """A class, and how far its people are."""

    url: str
    title: str
    people: int
    issued: int
    active: int

    @property
    def missing(self) -> int:
        """How many have nothing to enter with."""
        return max(self.people - self.issued, 0)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A queue: how many are in it, and how urgent the first is."""

    count: int
    more: bool
    """Whether there are more than were counted."""
    overdue: int

    @property
    def empty(self) -> bool:
        """Whether nothing waits."""
        return not self.count


@dataclass(frozen=True, slots=True)
class JobLine:
    """A class issue that works, or whose slips wait."""

    url: str
    class_title: str
    key: str
    running: bool
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Office:
    """One school in the overview."""

    school: SchoolView
    roles: tuple[str, ...]
    """What the visitor is there, as keys."""
    classes: tuple[ClassLine, ...] | None
    """None when nobody answers."""
    jobs: tuple[JobLine, ...]
    cases: Waiting | None
    corrections: Waiting | None
    to_decide: Waiting | None
    """Electronic requests that nobody has decided."""
    to_issue: int
    """Electronic requests that were accepted and wait for the person to come."""
    silent: bool
    """Whether something that the visitor may see does not answer just now."""

    @property
    def issues(self) -> bool:
        """Whether the visitor issues credentials there."""
        return bool(self.school.roles & ISSUERS)


def role_keys(roles: Iterable[Role.ValueType]) -> tuple[str, ...]:
    """The words of roles, in their usual order."""
    held = set(roles)
    return tuple(key for role, key in ROLE_KEYS.items() if role in held)


def schools_of(posts: Sequence[Post], acting: Collection[Role.ValueType]) -> tuple[str, ...]:
    """The schools of the posts in which somebody acts, by title."""
    here = {post.school_id: post.school_title for post in posts if post.school_id and post.role in acting}
    return tuple(sorted(here, key=lambda school_id: (here[school_id].casefold(), school_id)))


def class_lines(school: SchoolView, classes: Iterable[IssuingClass]) -> tuple[ClassLine, ...]:
    """The classes, in the order given."""
    return tuple(
        ClassLine(
            f"{school.url}/classes/{each.class_id}",
            each.title,
            each.people_count,
            each.issued_count,
            each.active_count,
        )
        for each in classes
    )


def job_lines(school: SchoolView, jobs: Iterable[IssueJob]) -> tuple[JobLine, ...]:
    """The jobs that still want somebody."""
    return tuple(
        JobLine(
            f"{school.url}/jobs/{job.job_id}",
            job.class_title,
            JOBS[job.state],
            job.state == IssueJobState.ISSUE_JOB_STATE_RUNNING,
            moment(job.slips_until, school.zone) if job.HasField("slips_until") else None,
        )
        for job in jobs
        if job.state in JOBS
    )


def waiting_corrections(reply: ListSchoolCorrectionsResponse, now: datetime) -> Waiting:
    """The queue of corrections."""
    due = [each.due_at for each in reply.corrections]
    overdue = sum(stamp.ToSeconds() < now.timestamp() for stamp in due)
    return Waiting(len(due), bool(reply.next_page_token), overdue)


def waiting_cases(cases: Sequence[Case], more: bool, now: datetime) -> Waiting:
    """The queue of what ESIA and the register disagree in."""
    return Waiting(len(cases), more, sum(each.due_at.ToSeconds() < now.timestamp() for each in cases))


def waiting_requests(reply: ListAccountRequestsResponse, now: datetime) -> tuple[Waiting, int]:
    """The queue of requests that nobody has decided; and how many are accepted and not yet issued."""
    undecided = [
        each
        for each in reply.account_requests
        if each.state == AccountRequestState.ACCOUNT_REQUEST_STATE_SUBMITTED
    ]
    overdue = sum(each.due_at.ToSeconds() < now.timestamp() for each in undecided)
    return (
        Waiting(len(undecided), bool(reply.next_page_token), overdue),
        len(reply.account_requests) - len(undecided),
    )
