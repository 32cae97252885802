"""Why credentials are not issued."""

from __future__ import annotations

from collections.abc import Iterable

from services.kit.errors import DomainError, StatusCode


class NotTheirClass(DomainError):
    """The caller is not the homeroom teacher of the class, or the person does not belong to it."""

    status = StatusCode.PERMISSION_DENIED
    reason = "NOT_THEIR_CLASS"
    title = "This is not your own class"


class UnknownClass(DomainError):
    """The school has no such class, or nobody studies in it today."""

    status = StatusCode.NOT_FOUND
    reason = "UNKNOWN_CLASS"
    title = "There is no such class"


class SearchTooWide(DomainError):
    """Surname, given name, and one of birth date and SNILS are needed: it is no list to browse."""

    status = StatusCode.INVALID_ARGUMENT
    reason = "SEARCH_TOO_WIDE"
    title = "Give the full name, and the birth date or the SNILS"


class DocumentsMissing(DomainError):
    """The capacity asks for documents that the employee did not see; the metadata names them."""

    status = StatusCode.FAILED_PRECONDITION
    reason = "DOCUMENTS_MISSING"
    title = "Not all documents were shown"

    def __init__(self, missing: Iterable[str]) -> None:
        super().__init__(documents=",".join(sorted(missing)))


class ChannelNeeded(DomainError):
    """It is not said how the application came."""

    status = StatusCode.INVALID_ARGUMENT
    reason = "CHANNEL_NEEDED"
    title = "Say how the application came: on paper or electronically"


class WrongCapacity(DomainError):
    """The person is not that at this school."""

    status = StatusCode.FAILED_PRECONDITION
    reason = "WRONG_CAPACITY"
    title = "The person cannot be given credentials in this capacity here"


class TooYoung(DomainError):
    """A pupil under 14 has no papers of their own: a parent or representative comes."""

    status = StatusCode.FAILED_PRECONDITION
    reason = "TOO_YOUNG"
    title = "The pupil is under 14: a parent or representative comes with the documents"


class IssuedBefore(DomainError):
    """The person has credentials, and no reason was given to issue anew."""

    status = StatusCode.FAILED_PRECONDITION
    reason = "ISSUED_BEFORE"
    title = "The person has credentials; say why they are issued again"


class EmployeeAccount(DomainError):
    """Who holds rights over others is issued credentials where these rights are held, by the registrar."""

    status = StatusCode.PERMISSION_DENIED
    reason = "EMPLOYEE_ACCOUNT"
    title = "This person works for a school: the registrar of that school issues their credentials"


class IssuedElsewhere(DomainError):
    """Another school issued the credentials of a person who belongs to it still: it issues them anew."""

    status = StatusCode.PERMISSION_DENIED
    reason = "ISSUED_ELSEWHERE"
    title = "These credentials are another school's: it issues them again"


class OwnCredentials(DomainError):
    """Nobody verifies their own documents; one's own password is changed in the settings."""

    status = StatusCode.PERMISSION_DENIED
    reason = "OWN_CREDENTIALS"
    title = "You cannot issue credentials to yourself"


class SlipShown(DomainError):
    """The temporary password was shown once already, or its day is over."""

    status = StatusCode.FAILED_PRECONDITION
    reason = "SLIP_SHOWN"
    title = "A temporary password is shown once; issue anew"


class UnknownJob(DomainError):
    """The caller has no such job."""

    status = StatusCode.NOT_FOUND
    reason = "UNKNOWN_JOB"
    title = "There is no such job"


class JobRunning(DomainError):
    """The job has not ended yet."""

    status = StatusCode.FAILED_PRECONDITION
    reason = "JOB_RUNNING"
    title = "The job is still working"


class NobodyChosen(DomainError):
    """Neither pupils nor guardians are to be issued credentials."""

    status = StatusCode.INVALID_ARGUMENT
    reason = "NOBODY_CHOSEN"
    title = "Choose pupils, guardians or both"
