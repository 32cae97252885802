"""What a guardian needs to add a child, and may call it (R33)."""

from __future__ import annotations

import re
from typing import Final

from services.kit.errors import DomainError, StatusCode

_LABEL: Final = re.compile(r"[A-Za-z][A-Za-z0-9_-]{1,30}")
_LONGEST_LABEL_TYPED: Final = 100


class NotAPupil(DomainError):
    """The login and the password are right, and no pupil's."""

    status = StatusCode.FAILED_PRECONDITION
    reason = "NOT_A_PUPIL"
    title = "This login is no pupil's"


class ChildCodeNeeded(DomainError):
    """The child's account has a second factor: the password alone does not prove the link."""

    status = StatusCode.FAILED_PRECONDITION
    reason = "CHILD_CODE_NEEDED"
    title = "The child's account has a second factor"


class AdultsOnly(DomainError):
    """Who is below 18 stands for nobody by the child's login alone."""

    status = StatusCode.PERMISSION_DENIED
    reason = "ADULTS_ONLY"
    title = "Only an adult can add a child"


class SchoolDecides(DomainError):
    """The two were related before: whether they are again is for the school to say."""

    status = StatusCode.FAILED_PRECONDITION
    reason = "SCHOOL_DECIDES"
    title = "Only the school can register this again"


class BadLabel(DomainError):
    """A label is a Latin letter and 1 to 30 more letters, digits, hyphens or underscores."""

    status = StatusCode.INVALID_ARGUMENT
    reason = "BAD_LABEL"
    title = "The account name is not written like this"


class LabelTaken(DomainError):
    """Another child of the guardian is called so."""

    status = StatusCode.ALREADY_EXISTS
    reason = "LABEL_TAKEN"
    title = "Another child of yours has this account name"


def require_label(text: str) -> str:
    """What a guardian calls a child, without spaces around it. Raises `BadLabel`.

    >>> require_label(" Masha-7b ")
    'Masha-7b'
    """
    label = text[:_LONGEST_LABEL_TYPED].strip()
    if not _LABEL.fullmatch(label):
        raise BadLabel
    return label
