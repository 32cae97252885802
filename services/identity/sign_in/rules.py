"""What may go wrong on the way through ESIA, and how long the way may take."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum

from services.kit.errors import DomainError, StatusCode

# From the click on "Gosuslugi" to the person's data, and as long again for the password (A1).
TIME_TO_FINISH = timedelta(minutes=10)
# For all that ESIA is asked in one step: whoever waits is to be told before the gateway gives up, after 5 s.
TIME_FOR_ESIA = timedelta(seconds=4.5)
# Long enough to answer "why did it not work this morning?".
KEPT_AFTER_EXPIRY = timedelta(days=1)
# Passwords that may be tried in one pending sign-in; then the way begins at ESIA again.
MOST_PASSWORDS = 5


class Stage(StrEnum):
    """How far a sign-in through ESIA has come; it never goes back."""

    SENT = "sent"  # the browser is at ESIA
    RETURNED = "returned"  # the state has been used, the code is being exchanged
    PASSWORD_NEEDED = "password_needed"  # noqa: S105 - the profile has no SNILS
    DONE = "done"
    REFUSED = "refused"


class SignInUnknown(DomainError):
    """The state or browser key is unknown, used, expired, or belongs to another browser."""

    status = StatusCode.FAILED_PRECONDITION
    reason = "SIGN_IN_UNKNOWN"
    title = "This sign-in was not begun here or is over, begin again"


class EsiaRefused(DomainError):
    """The person refused consent at ESIA."""

    status = StatusCode.PERMISSION_DENIED
    reason = "ESIA_REFUSED"
    title = "Consent was refused at Gosuslugi"


class EsiaCodeRefused(DomainError):
    """ESIA does not accept the code."""

    status = StatusCode.PERMISSION_DENIED
    reason = "ESIA_CODE_REFUSED"
    title = "Gosuslugi does not accept this sign-in, begin again"


class EsiaDown(DomainError):
    """ESIA does not answer, or not as it should, or our request cannot be signed."""

    status = StatusCode.UNAVAILABLE
    reason = "ESIA_UNAVAILABLE"
    title = "Gosuslugi does not answer right now"


class EsiaLevelTooLow(DomainError):
    """The region admits confirmed ESIA accounts only."""

    status = StatusCode.PERMISSION_DENIED
    reason = "ESIA_NOT_CONFIRMED"
    title = "Confirm the Gosuslugi account first"
