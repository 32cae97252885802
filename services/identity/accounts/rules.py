"""Logins, and how long a guesser waits."""

from __future__ import annotations

import unicodedata
from datetime import timedelta
from enum import StrEnum

from services.kit.errors import DomainError, StatusCode

# Guesses that need not wait: people mistype; after them each failure doubles the wait.
FREE_GUESSES = 5
FIRST_WAIT = timedelta(seconds=15)
# Never for good: a lock would let anybody shut out anybody (A21).
LONGEST_WAIT = timedelta(minutes=15)
# After a quiet spell the counting begins anew.
GUESSES_FORGOTTEN_AFTER = timedelta(hours=24)
# Longer ones are refused before they cost a hash.
LONGEST_PASSWORD = 1024
LONGEST_LOGIN = 64

# Letters that a hurried eye or a printed slip confuses; a login is compared after these are made equal.
_LOOK_ALIKE = str.maketrans({"0": "o", "1": "l", "i": "l", "|": "l", ".": None, "-": None, "_": None})


class AccountState(StrEnum):
    """Whether an account lets its person in."""

    OPEN = "open"
    BLOCKED = "blocked"


class WrongCredentials(DomainError):
    """The login, the password or both are wrong: one answer for all (A22)."""

    status = StatusCode.UNAUTHENTICATED
    reason = "WRONG_CREDENTIALS"
    title = "The login or the password is wrong"


class TooManyAttempts(DomainError):
    """Guesses for this login must wait; the metadata says how many seconds."""

    status = StatusCode.RESOURCE_EXHAUSTED
    reason = "TOO_MANY_ATTEMPTS"
    title = "Too many attempts, wait a little"

    def __init__(self, wait: timedelta) -> None:
        seconds = max(1, -(-wait // timedelta(seconds=1)))  # rounded up: sooner would be refused again
        super().__init__(retry_after_s=str(seconds))


class AccountBlocked(DomainError):
    """The account, or the person, is blocked or has left."""

    status = StatusCode.PERMISSION_DENIED
    reason = "ACCOUNT_BLOCKED"
    title = "This account is blocked"


def normal_login(text: str) -> str:
    """A login as it is stored: compatibility forms and case make no difference."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return unicodedata.normalize("NFKC", folded).strip()


def skeleton(login: str) -> str:
    """What a login looks like; two accounts may not look alike (A24).

    >>> skeleton("ivanova.1") == skeleton("lvanova-l")
    True
    """
    return normal_login(login).translate(_LOOK_ALIKE).replace("rn", "m").replace("vv", "w")


def wait_after(failures: int) -> timedelta:
    """How long the next guess waits after so many in a row.

    >>> [wait_after(n).seconds for n in (4, 5, 6, 7)]
    [0, 15, 30, 60]
    """
    if failures < FREE_GUESSES:
        return timedelta(0)
    doublings = min(failures - FREE_GUESSES, 10)  # far past the longest wait
    return min(FIRST_WAIT * (1 << doublings), LONGEST_WAIT)
