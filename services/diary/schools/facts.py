"""What the diary tells others of schools, classes and memberships.

Whoever writes one of these rows publishes its fact in the same transaction, at the row's version.
"""

from __future__ import annotations

from datetime import date
from uuid import UUID

from school.diary.v1 import events_pb2
from services.diary.schools.rules import Connection


def school_described(
    school_id: UUID,
    *,
    title: str,
    zone: str,
    connection: str = Connection.CONNECTED,
    connects_on: date | None = None,
    version: int = 1,
) -> events_pb2.SchoolDescribed:
    """A school is new, is called otherwise, or is connected or no more. The aggregate is the school."""
    return events_pb2.SchoolDescribed(
        school_id=str(school_id),
        title=title,
        zone=zone,
        version=version,
        connection=events_pb2.SchoolConnection.Value(f"SCHOOL_CONNECTION_{connection}"),
        connects_on=connects_on.isoformat() if connects_on else "",
    )


def class_described(
    class_id: UUID,
    *,
    school_id: UUID,
    title: str,
    grade: int,
    homeroom_teacher_id: UUID | None,
    version: int = 1,
) -> events_pb2.ClassDescribed:
    """A class is new, or has another title or homeroom teacher. The aggregate is the class."""
    return events_pb2.ClassDescribed(
        class_id=str(class_id),
        school_id=str(school_id),
        title=title,
        grade=grade,
        homeroom_teacher_id=str(homeroom_teacher_id or ""),
        version=version,
    )


def class_membership_set(
    membership_id: UUID,
    *,
    class_id: UUID,
    school_id: UUID,
    pupil_id: UUID,
    from_on: date,
    until_on: date | None = None,
    version: int = 1,
) -> events_pb2.ClassMembershipSet:
    """A pupil is in a class from one day to another. The aggregate is the membership."""
    return events_pb2.ClassMembershipSet(
        membership_id=str(membership_id),
        class_id=str(class_id),
        school_id=str(school_id),
        pupil_id=str(pupil_id),
        valid_from=from_on.isoformat(),
        valid_until=until_on.isoformat() if until_on else "",
        version=version,
    )
