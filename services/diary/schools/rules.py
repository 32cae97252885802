"""Which schools there are, and who belongs to a class."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Final

from services.kit.errors import DomainError, StatusCode

_LONGEST_TITLE: Final = 200


class NotInClass(DomainError):
    """The pupil was not in the class on the day of the lesson."""

    status = StatusCode.FAILED_PRECONDITION
    reason = "NOT_IN_CLASS"
    title = "The pupil was not in the class on that day"


class Connection(StrEnum):
    """Whether a school works with the mesh: the names of `SchoolConnection` without their prefix (R28)."""

    CONNECTED = "CONNECTED"
    PLANNED = "PLANNED"
    NOT_CONNECTED = "NOT_CONNECTED"
    LEFT = "LEFT"


class UnknownSchool(DomainError):
    """There is no such school."""

    status = StatusCode.NOT_FOUND
    reason = "UNKNOWN_SCHOOL"
    title = "There is no such school"


class BadSchool(DomainError):
    """A zone that is none, or a title that is empty or too long."""

    status = StatusCode.INVALID_ARGUMENT
    reason = "BAD_SCHOOL"
    title = 'A school is a zone and a title: "Europe/Moscow Школа № 12"'


class BadConnection(DomainError):
    """No state of a school, or a day where none belongs."""

    status = StatusCode.INVALID_ARGUMENT
    reason = "BAD_CONNECTION"
    title = (
        "Say a school's id and CONNECTED, NOT_CONNECTED, LEFT or PLANNED, the last with a day if one is set"
    )


def connects_on(state: Connection, day: date | None) -> date | None:
    """The day from which a school will work with the mesh. Raises `BadConnection` unless it is planned."""
    if day is not None and state is not Connection.PLANNED:
        raise BadConnection
    return day


def school_title(text: str) -> str:
    """A title on one line. Raises `BadSchool` for none, for control characters, and beyond 200 characters."""
    title = " ".join(text.split())
    if not 0 < len(title) <= _LONGEST_TITLE or not title.isprintable():
        raise BadSchool
    return title
