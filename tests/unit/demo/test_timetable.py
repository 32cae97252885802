"""The weekly timetable and the lessons made of it."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import date
from itertools import pairwise
from uuid import UUID

import pytest

from deploy.local.demo.curriculum import TALKS
from deploy.local.demo.identifiers import repeatable
from deploy.local.demo.schools import PLANS, SchoolPlan
from deploy.local.demo.staffing import staff_school
from deploy.local.demo.timetable import day_lengths, weekly_timetable
from deploy.local.demo.works import ASSESSMENTS
from deploy.local.demo.world import Lesson, World


def _overlaps(lessons: list[Lesson]) -> bool:
    ordered = sorted(lessons, key=lambda lesson: lesson.starts_at)
    return any(before.ends_at > after.starts_at for before, after in pairwise(ordered))


def _by_day(lessons: tuple[Lesson, ...], who: str) -> dict[tuple[date, object], list[Lesson]]:
    found: defaultdict[tuple[date, object], list[Lesson]] = defaultdict(list)
    for lesson in lessons:
        found[lesson.date, getattr(lesson, who)].append(lesson)
    return found


@pytest.mark.parametrize("who", ["teacher_id", "class_id"])
def test_nobody_is_in_two_places_at_once(world: World, who: str) -> None:
    assert not any(map(_overlaps, _by_day(world.lessons, who).values()))


def test_no_room_holds_two_classes_at_once(world: World) -> None:
    for school in world.schools:
        lessons = tuple(lesson for lesson in world.lessons if lesson.school_id == school.id)
        assert not any(map(_overlaps, _by_day(lessons, "room").values()))


@pytest.mark.parametrize("plan", PLANS, ids=lambda plan: plan.code)
@pytest.mark.parametrize("seed", range(8))
def test_a_timetable_is_found_whatever_the_seed(plan: SchoolPlan, seed: int) -> None:
    placed = weekly_timetable(plan, staff_school(plan).loads, repeatable(str(seed)))

    assert max(Counter((each.teacher, each.cell.clash) for each in placed).values()) == 1
    assert max(Counter((each.class_index, each.cell.clash) for each in placed).values()) == 1


@pytest.mark.parametrize("plan", PLANS, ids=lambda plan: plan.code)
def test_every_class_gets_its_hours_without_a_gap(plan: SchoolPlan) -> None:
    staffing = staff_school(plan)
    placed = weekly_timetable(plan, staffing.loads, repeatable("hours"))
    for index, load in enumerate(staffing.loads):
        own = [each for each in placed if each.class_index == index]
        hours = Counter(each.subject for each in own)
        assert hours == {**plan.hours[load.grade], TALKS: 1}
        for day in range(plan.days(load.grade)):
            numbers = sorted(each.cell.number for each in own if each.cell.weekday == day)
            assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
            assert numbers[0] in {0, 1}


def test_longer_days_are_in_the_middle_of_the_week() -> None:
    assert day_lengths(33, 5) == [6, 7, 7, 7, 6]
    assert day_lengths(34, 6) == [5, 6, 6, 6, 6, 5]


def test_some_lessons_have_number_0_and_some_classes_come_in_the_afternoon(world: World) -> None:
    assert any(lesson.number == 0 for lesson in world.lessons)
    assert {each.shift for each in world.classes} == {1, 2}


def test_sanitary_rules_keep_first_and_leaving_grades_in_the_morning(world: World) -> None:
    """SP 2.4.3648-20: grades 1, 5, 9-11 learn in the first shift, and no lesson ends after seven."""
    assert not [each for each in world.classes if each.shift == 2 and each.grade in {1, 5, 9, 10, 11}]
    assert all(lesson.ends_at.hour < 19 or lesson.ends_at.minute == 0 for lesson in world.lessons)


def test_weeks_of_five_and_of_six_days_exist(world: World) -> None:
    grades = {each.id: each.grade for each in world.classes}
    saturdays = {grades[lesson.class_id] for lesson in world.lessons if lesson.date.weekday() == 5}
    assert saturdays == {5, 6, 7, 8, 9, 10, 11}


def test_every_teacher_keeps_to_a_bearable_load(world: World) -> None:
    load = Counter(entry.teacher_id for entry in world.timetable)
    assert max(load.values()) <= 28


def test_every_class_has_a_homeroom_teacher_of_its_own(world: World) -> None:
    teachers = [each.homeroom_teacher_id for each in world.classes]
    assert len(teachers) == len(set(teachers))


def test_no_lesson_falls_into_a_holiday(world: World) -> None:
    grades = {each.id: each.grade for each in world.classes}
    for holiday in world.holidays:
        assert not [
            lesson
            for lesson in world.lessons
            if lesson.school_id == holiday.school_id
            and grades[lesson.class_id] in holiday.grades
            and holiday.first_day <= lesson.date <= holiday.last_day
        ]


def test_every_lesson_has_a_topic(world: World) -> None:
    assert all(lesson.topic for lesson in world.lessons)
    assert not [lesson.topic for lesson in world.lessons if ".." in lesson.topic or "?." in lesson.topic]


def test_assessment_works_keep_the_norms_of_6_august_2021(world: World) -> None:
    """One a day for a class, not first or last, and 2.5 weeks between two in a subject."""
    days = _by_day(world.lessons, "class_id")
    subjects: defaultdict[tuple[UUID, UUID], list[date]] = defaultdict(list)
    for lessons in days.values():
        assessed = [lesson for lesson in lessons if lesson.work_type in ASSESSMENTS]
        assert len(assessed) <= 1
        numbers = sorted(lesson.number for lesson in lessons)
        for lesson in assessed:
            assert lesson.number not in {numbers[0], numbers[-1]}
            subjects[lesson.class_id, lesson.subject_id].append(lesson.date)
    assert any(len(dates) > 1 for dates in subjects.values())
    for dates in subjects.values():
        assert all((after - before).days >= 18 for before, after in pairwise(sorted(dates)))
