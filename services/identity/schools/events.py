"""What the diary tells of schools and classes, on its way into identity's copy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from zoneinfo import ZoneInfo

from google.protobuf.message import Message

from school.diary.v1 import events_pb2
from services.identity.schools import usecases
from services.identity.schools.rules import Connection
from services.kit.database import Transaction
from services.kit.messaging.effects import Handler
from services.kit.messaging.envelope import EventMeta
from services.kit.rpc.parse import date_of, date_or_none, uuid_of


async def on_school_described(tx: Transaction, event: events_pb2.SchoolDescribed, meta: EventMeta) -> None:
    """A school is new, is called otherwise, or is connected or no more."""
    # A diary that says nothing of it knows connected schools only; a state from later is a dead letter here.
    said = event.connection or events_pb2.SchoolConnection.SCHOOL_CONNECTION_CONNECTED
    await usecases.keep_school(
        tx,
        school_id=uuid_of(event.school_id, "school_id"),
        title=event.title,
        zone=ZoneInfo(event.zone).key,  # an unknown zone is a dead letter here, not a broken page later
        connection=Connection(events_pb2.SchoolConnection.Name(said).removeprefix("SCHOOL_CONNECTION_")),
        connects_on=date_or_none(event.connects_on, "connects_on"),
        version=event.version,
        source_event=meta.event_id,
    )


async def on_class_described(tx: Transaction, event: events_pb2.ClassDescribed, meta: EventMeta) -> None:
    """A class is new, or has another title or homeroom teacher."""
    teacher = event.homeroom_teacher_id
    await usecases.keep_class(
        tx,
        class_id=uuid_of(event.class_id, "class_id"),
        school_id=uuid_of(event.school_id, "school_id"),
        title=event.title,
        grade=event.grade,
        homeroom_teacher_id=uuid_of(teacher, "homeroom_teacher_id") if teacher else None,
        version=event.version,
        source_event=meta.event_id,
    )


async def on_class_membership_set(
    tx: Transaction, event: events_pb2.ClassMembershipSet, meta: EventMeta
) -> None:
    """A pupil is in a class, or the days have changed."""
    await usecases.keep_membership(
        tx,
        membership_id=uuid_of(event.membership_id, "membership_id"),
        class_id=uuid_of(event.class_id, "class_id"),
        school_id=uuid_of(event.school_id, "school_id"),
        pupil_id=uuid_of(event.pupil_id, "pupil_id"),
        valid_from=date_of(event.valid_from, "valid_from"),
        valid_until=date_or_none(event.valid_until, "valid_until"),
        version=event.version,
        source_event=meta.event_id,
    )


async def on_dead(tx: Transaction, meta: EventMeta) -> None:
    """An event could not be read or applied: nobody issues logins by what it may have ended (R29)."""
    if meta.type == events_pb2.ClassDescribed.DESCRIPTOR.full_name:
        await usecases.distrust_class(
            tx,
            class_id=uuid_of(meta.aggregate_id, "class_id"),
            version=meta.aggregate_version,
            source_event=meta.event_id,
        )
    elif meta.type == events_pb2.ClassMembershipSet.DESCRIPTOR.full_name:
        await usecases.distrust_membership(
            tx,
            membership_id=uuid_of(meta.aggregate_id, "membership_id"),
            version=meta.aggregate_version,
            source_event=meta.event_id,
        )


HANDLERS: Final[Mapping[type[Message], Handler]] = {
    events_pb2.SchoolDescribed: on_school_described,
    events_pb2.ClassDescribed: on_class_described,
    events_pb2.ClassMembershipSet: on_class_membership_set,
}
