"""The one kind of error that crosses a process: typed here, mapped once at each edge.

A rule of a domain raises a subclass of `DomainError`. The gRPC edge turns it into `google.rpc.Status` with an
`ErrorInfo` (AIP-193); the HTTP edge turns that into problem+json (RFC 9457). Nobody else translates errors.
"""

from __future__ import annotations

from typing import ClassVar

import grpc

StatusCode = grpc.StatusCode
"""The classes of failure, under a name that rules may import: they know no transport."""


class DomainError(Exception):
    """Something a caller can understand and act on.

    Subclasses give three constants; an instance may carry metadata for the caller (never personal data):

    >>> class StaleMark(DomainError):
    ...     status = grpc.StatusCode.ABORTED
    ...     reason = "STALE_MARK"
    ...     title = "The mark was changed meanwhile"
    >>> StaleMark(present="4", version="2").metadata
    {'present': '4', 'version': '2'}
    """

    status: ClassVar[grpc.StatusCode]
    """The class of failure; the HTTP status follows from it."""
    reason: ClassVar[str]
    """UPPER_SNAKE_CASE, stable, for machines; also the key of the sentence in the message catalogues."""
    title: ClassVar[str]
    """One plain English sentence without personal data."""

    def __init__(self, **metadata: str) -> None:
        super().__init__(self.title)
        self.metadata = metadata


class Unauthenticated(DomainError):
    """The call needs a signed-in person and carries no token."""

    status = grpc.StatusCode.UNAUTHENTICATED
    reason = "SIGN_IN_NEEDED"
    title = "Sign in first"


class TokenRefused(DomainError):
    """The token is forged, damaged, of another region or of an unknown key."""

    status = grpc.StatusCode.UNAUTHENTICATED
    reason = "TOKEN_REFUSED"
    title = "The access token is not valid here"


class SessionEnded(DomainError):
    """The session of the token is over; with ``replaced`` in the metadata another one took its place."""

    status = grpc.StatusCode.UNAUTHENTICATED
    reason = "SESSION_ENDED"
    title = "The session is over, sign in again"


class TokenExpired(DomainError):
    """The token was good once; the session must be refreshed."""

    status = grpc.StatusCode.UNAUTHENTICATED
    reason = "TOKEN_EXPIRED"
    title = "The access token has expired"


class RoleNeeded(DomainError):
    """The caller holds none of the roles that the RPC admits."""

    status = grpc.StatusCode.PERMISSION_DENIED
    reason = "ROLE_NEEDED"
    title = "This is open to other roles only"


class ActivationNeeded(DomainError):
    """The account was issued by a school and has to be activated before it opens anything else."""

    status = grpc.StatusCode.PERMISSION_DENIED
    reason = "ACTIVATION_NEEDED"
    title = "Activate the account first"


class SecondFactorNeeded(DomainError):
    """The session owes the second factor."""

    status = grpc.StatusCode.PERMISSION_DENIED
    reason = "SECOND_FACTOR_NEEDED"
    title = "Give the code of the second factor first"


class StepUpNeeded(DomainError):
    """The call changes something dangerous, and the person has not shown lately who they are."""

    status = grpc.StatusCode.PERMISSION_DENIED
    reason = "STEP_UP_NEEDED"
    title = "Show once more who you are"


class DeadlineNeeded(DomainError):
    """The call came without a deadline; work without an end is refused."""

    status = grpc.StatusCode.INVALID_ARGUMENT
    reason = "DEADLINE_NEEDED"
    title = "A call needs a deadline"


class Overloaded(DomainError):
    """Too many calls are in progress; better to refuse one than to slow all."""

    status = grpc.StatusCode.RESOURCE_EXHAUSTED
    reason = "OVERLOADED"
    title = "Too much at once, try again in a moment"


class Unavailable(DomainError):
    """Something this service stands on does not answer."""

    status = grpc.StatusCode.UNAVAILABLE
    reason = "UNAVAILABLE"
    title = "The service is not available right now"


class BadId(DomainError):
    """An id of a request is no UUID; the metadata names the field."""

    status = grpc.StatusCode.INVALID_ARGUMENT
    reason = "BAD_ID"
    title = "An id is not a UUID"


class BadDate(DomainError):
    """A date of a request is not YYYY-MM-DD; the metadata names the field."""

    status = grpc.StatusCode.INVALID_ARGUMENT
    reason = "BAD_DATE"
    title = "A date is not of the form YYYY-MM-DD"
