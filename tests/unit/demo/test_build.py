"""The region as a whole: the same every time, and on every day of the year something to look at."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from deploy.local.demo.build import DEFAULT_SEED, build_world
from deploy.local.demo.curriculum import SUBJECTS
from deploy.local.demo.school_year import SchoolYear
from deploy.local.demo.world import World


def test_the_same_seed_and_day_give_the_same_region(world: World) -> None:
    assert build_world(world.seed, world.today) == world


def test_another_seed_gives_other_people_but_the_same_cast(world: World) -> None:
    other = build_world(world.seed + 1, world.today)

    assert {person.id for person in other.people}.isdisjoint(person.id for person in world.people)
    assert [member.name for member in other.featured] == [member.name for member in world.featured]


def test_people_classes_and_timetable_are_the_same_on_the_next_day(world: World) -> None:
    later = build_world(world.seed, world.today + timedelta(days=1))

    assert later.people == world.people
    assert later.memberships == world.memberships
    assert later.relations == world.relations
    assert later.classes == world.classes
    assert later.timetable == world.timetable


def test_ids_are_given_once(world: World) -> None:
    ids = [
        each.id
        for records in (
            world.schools, world.terms, world.holidays, world.subjects, world.classes, world.people,
            world.relations, world.lessons, world.marks, world.remarks,
        )
        for each in records
    ]  # fmt: skip

    assert len(ids) == len(set(ids))


def test_there_are_three_schools_in_two_time_zones_with_all_grades(world: World) -> None:
    assert len(world.schools) == 3
    assert len({school.zone for school in world.schools}) == 2
    for school in world.schools:
        grades = [each.grade for each in world.classes if each.school_id == school.id]
        assert set(grades) == set(range(1, 12))
        assert all(grades.count(grade) <= 2 for grade in grades)


def test_classes_have_18_to_26_pupils(world: World) -> None:
    for school_class in world.classes:
        size = sum(membership.class_id == school_class.id for membership in world.memberships)
        assert 18 <= size <= 26


@pytest.mark.parametrize(
    "today",
    [
        date(2026, 9, 6),  # the first Sunday
        date(2024, 9, 1),  # itself a Sunday: still summer
        date(2027, 9, 1),  # a day that the timetable has to be made for
        date(2026, 10, 28),  # autumn holidays
        date(2027, 1, 4),  # winter holidays
        date(2027, 2, 17),  # extra holidays of grade 1
        date(2028, 2, 29),
        date(2027, 5, 26),  # the last day
        date(2027, 7, 15),
        date(2027, 8, 31),
    ],
)
def test_every_day_of_the_year_has_a_lesson_to_put_a_mark_on(today: date) -> None:
    """In holidays and summer it is the last one held; the diary refuses a mark on one that is ahead."""
    world = build_world(DEFAULT_SEED, today)
    showcase = world.showcase
    lesson = next(lesson for lesson in world.lessons if lesson.id == showcase.lesson_id)

    assert lesson.date == showcase.day
    marked = {subject.id for subject in world.subjects if SUBJECTS[subject.code].marked}
    assert lesson.subject_id in marked
    assert lesson.teacher_id == world.cast("teacher").person_id == showcase.teacher_id
    assert showcase.pupil_id in {
        membership.pupil_id for membership in world.memberships if membership.class_id == lesson.class_id
    }
    assert not any(mark.lesson_id == lesson.id and mark.pupil_id == showcase.pupil_id for mark in world.marks)
    assert lesson.date <= today


@pytest.mark.parametrize("begins", range(2028, 2033))
def test_the_coming_years_can_be_built_and_marked_from_their_first_day(begins: int) -> None:
    """People and timetable are drawn anew for each year: none may be drawn into a corner."""
    first_day = SchoolYear(begins).first_day

    assert build_world(DEFAULT_SEED, first_day).showcase.day == first_day


def test_the_showcase_belongs_to_parent_a(world: World) -> None:
    children = {
        relation.pupil_id
        for relation in world.relations
        if relation.guardian_id == world.cast("parent_a").person_id
    }
    assert world.showcase.pupil_id in children
