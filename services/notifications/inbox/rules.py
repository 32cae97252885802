"""What a person is told of a mark, and how an inbox is paged through."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from datetime import date, datetime
from enum import IntEnum
from typing import Final
from uuid import UUID

from services.kit.errors import DomainError, StatusCode

_USUAL_PAGE: Final = 50
_LARGEST_PAGE: Final = 200


class BadPageToken(DomainError):
    """A page token that is not one of ours."""

    status = StatusCode.INVALID_ARGUMENT
    reason = "BAD_PAGE_TOKEN"
    title = "The page token is not one of ours"


class NoticeKind(IntEnum):
    """What a notice is about; the numbers are those of the contract."""

    MARK_SET = 1
    MARK_CHANGED = 2
    MARK_REMOVED = 3


@dataclass(frozen=True, slots=True)
class MarkNews:
    """What happened to a mark, at one of its versions."""

    mark_id: UUID
    version: int
    school_id: UUID
    pupil_id: UUID
    subject_title: str
    lesson_date: date
    mark: str
    """As the school writes it; empty when it was removed."""
    previous_mark: str
    """Empty when there was none."""
    happened_at: datetime

    @property
    def kind(self) -> NoticeKind:
        """What to call it."""
        if not self.mark:
            return NoticeKind.MARK_REMOVED
        return NoticeKind.MARK_CHANGED if self.previous_mark else NoticeKind.MARK_SET


@dataclass(frozen=True, slots=True)
class Notice:
    """One thing a person was told."""

    notice_id: UUID
    recipient_id: UUID
    kind: NoticeKind
    pupil_id: UUID
    pupil_name: str
    """Empty when it was not told yet."""
    subject_title: str
    lesson_date: date
    mark: str
    previous_mark: str
    posted_at: datetime
    read_at: datetime | None


@dataclass(frozen=True, slots=True)
class Page:
    """A part of an inbox, the newest first."""

    notices: list[Notice]
    next_token: str
    """Empty on the last page."""
    unread: int
    """In the whole inbox."""


def page_size(wished: int) -> int:
    """How many notices a page has: 50 when nothing sensible was wished, 200 at the most."""
    return min(wished, _LARGEST_PAGE) if wished > 0 else _USUAL_PAGE


def page_token(last: UUID) -> str:
    """The token of the page that comes after the notice ``last``."""
    return base64.urlsafe_b64encode(last.bytes).decode().rstrip("=")


def read_page_token(token: str) -> UUID | None:
    """The notice before the page, or None for the first page. Raises `BadPageToken`."""
    if not token:
        return None
    try:
        last = UUID(bytes=base64.b64decode(token + "==", altchars=b"-_", validate=True))
    except (binascii.Error, ValueError):
        raise BadPageToken from None
    if page_token(last) != token:  # one token per page: no second spelling of the same
        raise BadPageToken
    return last
