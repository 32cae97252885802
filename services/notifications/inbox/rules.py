"""What a person is told of a mark."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import IntEnum
from uuid import UUID


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
