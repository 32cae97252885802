"""What a login may be, and when two look alike."""

from __future__ import annotations

import re
import unicodedata
from enum import StrEnum

from services.kit.errors import DomainError, StatusCode

# Longer ones are refused before they cost a hash.
LONGEST_PASSWORD = 1024
LONGEST_LOGIN = 64

_LEAST_LOGIN = 5
_LOGIN = re.compile(r"[a-z][a-z0-9._-]*")

# Letters that a hurried eye or a printed slip confuses; logins are compared after these are made equal.
_LOOK_ALIKE = str.maketrans(
    {"0": "o", "1": "l", "i": "l", "|": "l", ".": None, "-": None, "_": None}
    # Cyrillic ones, should an import ever bring them: they are the same on paper.
    | dict(zip("авекмнорстухіјѕԁһ", "abekmhopctyxljsdh", strict=True))
)


class AccountState(StrEnum):
    """Whether an account lets its person in."""

    OPEN = "open"
    BLOCKED = "blocked"
    CLOSED = "closed"  # at the person's wish, or for want of consent; the school may open it again


class WrongCredentials(DomainError):
    """The login, the password or both are wrong: one answer for all (A22)."""

    status = StatusCode.UNAUTHENTICATED
    reason = "WRONG_CREDENTIALS"
    title = "The login or the password is wrong"


class AccountBlocked(DomainError):
    """The account is blocked or closed, or its person is blocked."""

    status = StatusCode.PERMISSION_DENIED
    reason = "ACCOUNT_BLOCKED"
    title = "This account is blocked"


class PersonLeft(AccountBlocked):
    """Nothing connects the person with any school of the region any more (R56)."""

    reason = "PERSON_LEFT"
    title = "No school of the region has you in its lists any more"


class NoLogin(DomainError):
    """The school has issued no login: there is none to change, and a password would open nothing."""

    status = StatusCode.FAILED_PRECONDITION
    reason = "NO_LOGIN"
    title = "The school has issued no login"


class BadLogin(DomainError):
    """No login can be spelled so; the metadata names the rule."""

    status = StatusCode.INVALID_ARGUMENT
    reason = "BAD_LOGIN"
    title = "This cannot be a login"


class LoginTaken(DomainError):
    """An account has or had this login, or one that looks like it (A24)."""

    status = StatusCode.ALREADY_EXISTS
    reason = "LOGIN_TAKEN"
    title = "This login, or one that looks like it, is taken"


class LoginRenamedBefore(DomainError):
    """The one change of the login is spent (R15)."""

    status = StatusCode.FAILED_PRECONDITION
    reason = "LOGIN_RENAMED_BEFORE"
    title = "The login was changed before, and can be changed only once"


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


# Nobody is to be taken for an office by their login.
_OFFICES = frozenset(
    skeleton(word)
    for word in (
        "admin", "administrator", "director", "diary", "esia", "gosuslugi", "help", "helpdesk", "info",
        "moderator", "operator", "postmaster", "registrar", "root", "school", "security", "service",
        "support", "system", "teacher", "webmaster",
    )
)  # fmt: skip


def new_login(text: str) -> str:
    """A login as a person may choose it, in the form in which it is kept. Raises `BadLogin`.

    >>> new_login(" Anna.Koroleva ")
    'anna.koroleva'
    """
    login = normal_login(text[: LONGEST_LOGIN + 2])
    if not _LEAST_LOGIN <= len(login) <= LONGEST_LOGIN:
        raise BadLogin(rule="length")
    if not _LOGIN.fullmatch(login):
        raise BadLogin(rule="letters")
    if skeleton(login.rstrip("0123456789")) in _OFFICES:
        raise BadLogin(rule="name")
    return login
