"""Homework, and when it may change."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID

from services.kit.errors import DomainError, StatusCode

MOST_TEXT: Final = 2000


class StaleHomework(DomainError):
    """The homework has moved on since the version the change is based on.

    The metadata carries the ``version`` that stands; the text is too long for it and is read again.
    """

    status = StatusCode.ABORTED
    reason = "STALE_HOMEWORK"
    title = "The homework was changed meanwhile"

    def __init__(self, present: Homework) -> None:
        super().__init__(version=str(present.version))
        self.present = present


@dataclass(frozen=True, slots=True)
class Homework:
    """What is to be done for a lesson, at one version."""

    lesson_id: UUID
    text: str = ""
    """Empty: none yet, or taken back."""
    version: int = 0
    """0: there was never any."""

    def replaced_by(self, text: str, *, based_on: int) -> Homework:
        """The next version, or this one when nothing would change.

        Raises:
            StaleHomework: another version than ``based_on`` stands.
        """
        if based_on != self.version:
            raise StaleHomework(self)
        if text == self.text:
            return self
        return replace(self, text=text, version=self.version + 1)
