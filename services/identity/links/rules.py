"""A link transaction: how far a sign-in through ESIA has come, and how long the way may take."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from uuid import UUID

from services.kit.errors import DomainError, StatusCode

# From the click on "Gosuslugi" to the person's data, as long again for the password, and for looking at whom
# it would be bound to (A1).
TIME_TO_FINISH = timedelta(minutes=10)
# Long enough to answer "why did it not work this morning?".
KEPT_AFTER_EXPIRY = timedelta(days=1)
# Passwords that may be tried in one pending sign-in; then the way begins at ESIA again.
MOST_PASSWORDS = 5


@dataclass(frozen=True, slots=True)
class Provider:
    """Where profiles come from, and for which region they are bound."""

    region: str
    issuer: str


@dataclass(frozen=True, slots=True)
class StepUp:
    """What a sign-in is for that lets nobody in: to show once more who the person of a session is."""

    session_id: UUID
    subject: str = field(repr=False)
    """The profile bound to the session's account; no other will do."""


class Stage(StrEnum):
    """How far a sign-in through ESIA has come; it never goes back."""

    SENT = "sent"  # the browser is at ESIA
    RETURNED = "returned"  # the state has been used, the code is being exchanged
    PASSWORD_NEEDED = "password_needed"  # noqa: S105 - the profile has no SNILS
    CONFIRMATION_NEEDED = "confirmation_needed"  # a person was proposed
    DONE = "done"
    REFUSED = "refused"


class SignInUnknown(DomainError):
    """The state or browser key is unknown, used, expired, or belongs to another browser."""

    status = StatusCode.FAILED_PRECONDITION
    reason = "SIGN_IN_UNKNOWN"
    title = "This sign-in was not begun here or is over, begin again"
