"""The inbox, grouped by day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from zoneinfo import ZoneInfo

from school.notifications.v1.inbox_pb2 import Notice, NoticeKind

KEYS = {
    NoticeKind.NOTICE_KIND_MARK_SET: "notice.mark_set",
    NoticeKind.NOTICE_KIND_MARK_CHANGED: "notice.mark_changed",
    NoticeKind.NOTICE_KIND_MARK_REMOVED: "notice.mark_removed",
}
"""The sentence of each kind; an inbox newer than these pages may send a kind they do not know."""


@dataclass(frozen=True, slots=True)
class NoticeView:
    """One notice."""

    notice_id: str
    key: str
    pupil_id: str
    pupil: str
    subject: str
    mark: str
    before: str
    lesson_date: date
    posted_at: datetime
    """In the zone of the pupil's school."""
    unread: bool

    @property
    def url(self) -> str:
        """Where the mark stands in the diary."""
        return f"/pupils/{self.pupil_id}/week?date={self.lesson_date}#d-{self.lesson_date}"


@dataclass(frozen=True, slots=True)
class DayOfNotices:
    """The notices of one day, the newest first."""

    date: date
    notices: tuple[NoticeView, ...]


def notice_views(notices: Sequence[Notice], zones: Mapping[str, ZoneInfo]) -> tuple[NoticeView, ...]:
    """The notices in the order given; ``zones`` by pupil, Moscow time for a pupil who left the list."""
    return tuple(
        _notice(notice, zones.get(notice.pupil_id) or ZoneInfo("Europe/Moscow")) for notice in notices
    )


def by_day(notices: Sequence[NoticeView]) -> tuple[DayOfNotices, ...]:
    """Grouped by the day they were posted, in the order given."""
    return tuple(
        DayOfNotices(day, tuple(group))
        for day, group in groupby(notices, key=lambda one: one.posted_at.date())
    )


def _notice(notice: Notice, zone: ZoneInfo) -> NoticeView:
    return NoticeView(
        notice_id=notice.notice_id,
        key=KEYS.get(notice.kind, "notice.other"),
        pupil_id=notice.pupil_id,
        pupil=notice.pupil_name,
        subject=notice.subject_title,
        mark=notice.mark,
        before=notice.previous_mark,
        lesson_date=date.fromisoformat(notice.lesson_date),
        posted_at=notice.posted_at.ToDatetime(tzinfo=ZoneInfo("UTC")).astimezone(zone),
        unread=not notice.HasField("read_at"),
    )
