"""A notice in the contract's words."""

from __future__ import annotations

from school.notifications.v1 import inbox_pb2
from services.notifications.inbox.rules import Notice


def notice_message(notice: Notice) -> inbox_pb2.Notice:
    """The message for a notice."""
    message = inbox_pb2.Notice(
        notice_id=str(notice.notice_id),
        kind=inbox_pb2.NoticeKind.ValueType(notice.kind),
        pupil_id=str(notice.pupil_id),
        pupil_name=notice.pupil_name,
        subject_title=notice.subject_title,
        lesson_date=notice.lesson_date.isoformat(),
        mark=notice.mark,
        previous_mark=notice.previous_mark,
    )
    message.posted_at.FromDatetime(notice.posted_at)
    if notice.read_at is not None:
        message.read_at.FromDatetime(notice.read_at)
    return message
