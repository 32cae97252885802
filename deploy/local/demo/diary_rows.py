"""What the diary keeps of the region: schools, classes, lessons and everything written on them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from uuid import UUID, uuid5

from deploy.local.demo.neighbours import neighbours
from deploy.local.demo.rows import FIRST_VERSION, Filling, Row, event_row
from deploy.local.demo.school_year import SchoolYear
from deploy.local.demo.works import CLASSWORK
from deploy.local.demo.world import Holiday, Homework, Mark, Membership, Remark, Role, Term, World
from services.diary import tables
from services.diary.schools.facts import class_described, class_membership_set, school_described
from services.kit.tables import outbox


def diary_rows(world: World, now: datetime) -> Filling:
    """Every row of the diary's own record as of ``now``: what is written later today is left out.

    The diary's copy of persons and relations comes by events.
    """
    year = SchoolYear.of(world.today)
    school_of = {each.id: each.school_id for each in world.classes}
    yield (
        tables.schools,
        ({"school_id": each.id, "title": each.title, "zone": each.zone} for each in world.schools),
    )
    yield (
        tables.schools,
        (
            {
                "school_id": each.id,
                "title": each.title,
                "zone": each.zone,
                "connection": each.connection,
                "connects_on": each.connects_on,
            }
            for each in neighbours(world)
        ),
    )
    yield (
        tables.years,
        (
            {
                "school_id": each.id,
                "year_id": _year_id(each.id, year),
                "title": year.title,
                "starts_on": year.first_day,
                "ends_on": year.last_day,
            }
            for each in world.schools
        ),
    )
    yield tables.terms, (_term(each, year) for each in world.terms)
    yield tables.holidays, (_holiday(each) for each in world.holidays)
    yield (
        tables.subjects,
        (
            {"school_id": each.school_id, "subject_id": each.id, "title": each.title}
            for each in world.subjects
        ),
    )
    yield (
        tables.teachers,
        (
            {"teacher_id": person.id, "school_id": place.school_id}
            for person in world.people
            for place in person.places
            if place.role is Role.TEACHER
        ),
    )
    yield (
        tables.classes,
        (
            {
                "school_id": each.school_id,
                "class_id": each.id,
                "year_id": _year_id(each.school_id, year),
                "grade": each.grade,
                "title": each.title,
                "homeroom_teacher_id": each.homeroom_teacher_id,
            }
            for each in world.classes
        ),
    )
    yield (
        tables.memberships,
        (
            {
                "school_id": school_of[each.class_id],
                "class_id": each.class_id,
                "pupil_id": each.pupil_id,
                "from_on": each.since,
                "membership_id": _membership_id(each),
            }
            for each in world.memberships
        ),
    )
    yield outbox, _events(world, school_of, now)
    yield tables.lessons, _lessons(world)
    marks = [mark for mark in world.marks if mark.set_at <= now]
    yield tables.homework, _homework(each for each in world.homework if each.set_at <= now)
    yield tables.marks, _marks(marks)
    yield tables.mark_versions, _mark_versions(marks)
    yield tables.remarks, _remarks(each for each in world.remarks if each.left_at <= now)


def _year_id(school_id: UUID, year: SchoolYear) -> UUID:
    return uuid5(school_id, year.title)


def _membership_id(membership: Membership) -> UUID:
    return uuid5(membership.class_id, f"{membership.pupil_id} {membership.since}")


def _events(world: World, school_of: Mapping[UUID, UUID], now: datetime) -> Iterator[Row]:
    """What opening the schools and their classes would have told; of the lessons nobody is told."""
    for school in world.schools:
        yield event_row(school.id, school_described(school.id, title=school.title, zone=school.zone), now)
    for other in neighbours(world):
        told = school_described(
            other.id,
            title=other.title,
            zone=other.zone,
            connection=other.connection,
            connects_on=other.connects_on,
        )
        yield event_row(other.id, told, now)
    for each in world.classes:
        event = class_described(
            each.id,
            school_id=each.school_id,
            title=each.title,
            grade=each.grade,
            homeroom_teacher_id=each.homeroom_teacher_id,
        )
        yield event_row(each.id, event, now)
    for membership in world.memberships:
        membership_id = _membership_id(membership)
        yield event_row(
            membership_id,
            class_membership_set(
                membership_id,
                class_id=membership.class_id,
                school_id=school_of[membership.class_id],
                pupil_id=membership.pupil_id,
                from_on=membership.since,
            ),
            now,
        )


def _term(term: Term, year: SchoolYear) -> Row:
    return {
        "school_id": term.school_id,
        "term_id": term.id,
        "year_id": _year_id(term.school_id, year),
        "title": term.title,
        "starts_on": term.first_day,
        "ends_on": term.last_day,
    }


def _holiday(holiday: Holiday) -> Row:
    return {
        "school_id": holiday.school_id,
        "holiday_id": holiday.id,
        "title": holiday.title,
        "starts_on": holiday.first_day,
        "ends_on": holiday.last_day,
        "only_grade": min(holiday.grades) if len(holiday.grades) == 1 else None,
    }


def _lessons(world: World) -> Iterator[Row]:
    titles = {each.code: each.title for each in world.work_types}
    for lesson in world.lessons:
        yield {
            "school_id": lesson.school_id,
            "lesson_id": lesson.id,
            "class_id": lesson.class_id,
            "subject_id": lesson.subject_id,
            "teacher_id": lesson.teacher_id,
            "date": lesson.date,
            "number": lesson.number,
            "starts_at": lesson.starts_at,
            "ends_at": lesson.ends_at,
            "room": lesson.room,
            "topic": lesson.topic,
            "work_type": "" if lesson.work_type == CLASSWORK else titles[lesson.work_type],
        }


def _homework(homework: Iterable[Homework]) -> Iterator[Row]:
    for each in homework:
        yield {
            "school_id": each.school_id,
            "lesson_id": each.lesson_id,
            "class_id": each.class_id,
            "lesson_date": each.lesson_date,
            "text": each.text,
            "version": FIRST_VERSION,
            "set_by": each.set_by,
            "set_at": each.set_at,
        }


def _marks(marks: Iterable[Mark]) -> Iterator[Row]:
    for mark in marks:
        yield {
            "school_id": mark.school_id,
            "lesson_id": mark.lesson_id,
            "pupil_id": mark.pupil_id,
            "mark_id": mark.id,
            "lesson_date": mark.lesson_date,
            "text": mark.text,
            "comment": mark.comment,
            "version": FIRST_VERSION,
            "set_by": mark.set_by,
            "set_at": mark.set_at,
        }


def _mark_versions(marks: Iterable[Mark]) -> Iterator[Row]:
    for mark in marks:
        yield {
            "school_id": mark.school_id,
            "mark_id": mark.id,
            "version": FIRST_VERSION,
            "text": mark.text,
            "comment": mark.comment,
            "changed_by": mark.set_by,
            "changed_at": mark.set_at,
        }


def _remarks(remarks: Iterable[Remark]) -> Iterator[Row]:
    for remark in remarks:
        yield {
            "school_id": remark.school_id,
            "remark_id": remark.id,
            "lesson_id": remark.lesson_id,
            "pupil_id": remark.pupil_id,
            "lesson_date": remark.lesson_date,
            "text": remark.text,
            "left_by": remark.left_by,
            "left_at": remark.left_at,
        }
