"""Who belongs to a class."""

from __future__ import annotations

from services.kit.errors import DomainError, StatusCode


class NotInClass(DomainError):
    """The pupil was not in the class on the day of the lesson."""

    status = StatusCode.FAILED_PRECONDITION
    reason = "NOT_IN_CLASS"
    title = "The pupil was not in the class on that day"
