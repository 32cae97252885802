"""A class at the desk: who has what, and issuing for all of them at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from school.identity.v1.issuing_pb2 import IssueJob, IssueJobState, IssuePerson, SkippedPerson
from services.gateway.pages.names import full_name
from services.gateway.pages.school.dates import moment
from services.gateway.pages.school.people.view import PersonView, person_view
from services.gateway.pages.school.words import JOBS


@dataclass(frozen=True, slots=True)
class PupilLine:
    """A pupil, and those who stand for them."""

    pupil: PersonView
    guardians: tuple[PersonView, ...]


@dataclass(frozen=True, slots=True)
class ClassView:
    """A class."""

    class_id: str
    title: str
    """Empty while nobody could say."""
    lines: tuple[PupilLine, ...]

    @property
    def pupils_without(self) -> int:
        """How many pupils have nothing to enter with."""
        return sum(not line.pupil.has for line in self.lines)

    @property
    def guardians_without(self) -> int:
        """How many of those who stand for them have nothing; who stands for two is one."""
        return len({one.person_id for line in self.lines for one in line.guardians if not one.has})

    @property
    def all_given(self) -> bool:
        """Whether everybody has something to enter with."""
        return not self.pupils_without and not self.guardians_without


@dataclass(frozen=True, slots=True)
class StartForm:
    """The form that starts issuing for the whole class."""

    request_id: str
    pupils: bool = True
    guardians: bool = True
    documents_seen: bool = False
    reason: str = ""


def class_view(class_id: str, title: str, people: Sequence[IssuePerson], zone: ZoneInfo) -> ClassView:
    """The class of a reply: pupils by name, each followed by those who stand for them.

    A guardian of two pupils stands in the list once; here under the first.
    """
    lines: list[PupilLine] = []
    for person in people:
        view = person_view(person, zone)
        if lines and person.pupil_names:
            last = lines[-1]
            lines[-1] = PupilLine(last.pupil, (*last.guardians, view))
        else:
            lines.append(PupilLine(view, ()))
    return ClassView(class_id, title or _title_of(lines), tuple(lines))


def _title_of(lines: Sequence[PupilLine]) -> str:
    return lines[0].pupil.class_title if lines else ""


@dataclass(frozen=True, slots=True)
class SkippedView:
    """Somebody whom a job passed over."""

    person_id: str
    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class JobView:
    """How far a job is."""

    job_id: str
    class_id: str
    class_title: str
    key: str
    state: str
    """For templates: "running", "done", "stopped", "taken", "lapsed"."""
    total: int
    issued: int
    skipped: tuple[SkippedView, ...]
    until: datetime | None

    @property
    def running(self) -> bool:
        """Whether it still works."""
        return self.state == "running"

    @property
    def slips_wait(self) -> bool:
        """Whether there is something to be taken."""
        return self.state in {"done", "stopped"} and self.issued > 0

    @property
    def seen_to(self) -> int:
        """How many of the class it has come by."""
        return self.issued + len(self.skipped)


def job_view(job: IssueJob, zone: ZoneInfo) -> JobView:
    """The job of a reply; one in a state that nobody knows counts as over."""
    key = JOBS.get(job.state, JOBS[IssueJobState.ISSUE_JOB_STATE_LAPSED])
    return JobView(
        job_id=job.job_id,
        class_id=job.class_id,
        class_title=job.class_title,
        key=key,
        state=key.rpartition(".")[2],
        total=job.total_count,
        issued=job.issued_count,
        skipped=_skipped(job.skipped),
        until=moment(job.slips_until, zone) if job.HasField("slips_until") else None,
    )


def _skipped(people: Iterable[SkippedPerson]) -> tuple[SkippedView, ...]:
    return tuple(SkippedView(one.person_id, full_name(one.name), one.reason) for one in people)
