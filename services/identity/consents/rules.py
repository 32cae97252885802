"""What can be consented to, and what a consent is (152-ФЗ, article 9)."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from services.kit.errors import DomainError, StatusCode

REVISIONS: Final = 100
"""Versions of one wording by different words about the operator."""
_PLACEHOLDER: Final = re.compile(r"\{(\w+)\}")


class Purpose(StrEnum):
    """What for: the names of `school.identity.v1.ConsentPurpose` without their prefix."""

    DIARY = "DIARY"
    MESSAGES = "MESSAGES"


class UnknownText(DomainError):
    """There is no such text."""

    status = StatusCode.NOT_FOUND
    reason = "UNKNOWN_TEXT"
    title = "There is no such text"


class TextOutdated(DomainError):
    """A newer text is in force; nobody consents to an older one any more."""

    status = StatusCode.FAILED_PRECONDITION
    reason = "TEXT_OUTDATED"
    title = "There is a newer text, read that one"


class UnknownConsent(DomainError):
    """The caller has given no such consent; also when somebody else has (A34)."""

    status = StatusCode.NOT_FOUND
    reason = "UNKNOWN_CONSENT"
    title = "You have given no such consent"


class NotTheirChild(DomainError):
    """The caller does not stand for this pupil today."""

    status = StatusCode.PERMISSION_DENIED
    reason = "NOT_THEIR_CHILD"
    title = "You do not stand for this pupil"


class TextChanged(Exception):
    """The wording of a recorded text is another one now: people consented to the recorded one."""


@dataclass(frozen=True, slots=True)
class Text:
    """A text that can be consented to, as people read it."""

    purpose: Purpose
    version: int
    wording: str
    consequence: str

    @property
    def id(self) -> str:
        """The id: purpose and version.

        >>> Text(Purpose.DIARY, 101, "", "").id
        'diary-101'
        """
        return f"{self.purpose.lower()}-{self.version}"

    @property
    def digest(self) -> bytes:
        """32 bytes that are others when a letter is another."""
        return hashlib.sha256(f"{self.wording}\0{self.consequence}".encode()).digest()


@dataclass(frozen=True, slots=True)
class Recorded:
    """A text, and since when it is in force in this region."""

    text: Text
    since: datetime


@dataclass(frozen=True, slots=True)
class Consent:
    """Somebody consented to a text, for themselves or for a pupil they stood for."""

    id: UUID
    text_id: str
    purpose: Purpose
    giver_id: UUID
    subject_id: UUID
    given_at: datetime
    on_paper: bool
    withdrawn_at: datetime | None = None


def worded(template: str, values: dict[str, str]) -> str:
    """A template with its placeholders filled in.

    >>> worded("{operator}, {address}", {"operator": "Школа", "address": "Тверь"})
    'Школа, Тверь'

    Raises:
        KeyError: a placeholder is not among the values.
    """
    return _PLACEHOLDER.sub(lambda found: values[found[1]], template.strip())


def version_of(edition: int, revision: int) -> int:
    """The version of a text: its edition, and the revision of the words about the operator.

    >>> version_of(2, 1)
    201
    """
    return edition * REVISIONS + revision
