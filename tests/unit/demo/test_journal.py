"""Marks, homework and remarks."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import datetime
from zoneinfo import ZoneInfo

from deploy.local.demo.curriculum import SUBJECTS
from deploy.local.demo.texts.remarks import for_gender
from deploy.local.demo.works import ASSESSMENTS
from deploy.local.demo.world import Lesson, World
from services.diary.marks.rules import MOST_COMMENT, Mark, UnknownMark, scale_of


def _lessons(world: World) -> dict[object, Lesson]:
    return {lesson.id: lesson for lesson in world.lessons}


def test_every_mark_is_one_that_its_class_may_get(world: World) -> None:
    lessons, grades = _lessons(world), {each.id: each.grade for each in world.classes}
    kinds = {subject.id: SUBJECTS[subject.code] for subject in world.subjects}
    texts = {(mark.text, grades[lessons[mark.lesson_id].class_id]) for mark in world.marks}
    for text, grade in texts:
        try:
            Mark.parse(text, scale_of("five_point", grade=grade))
        except UnknownMark:
            raise AssertionError(f"{text} in grade {grade}") from None
    assert all(kinds[lessons[mark.lesson_id].subject_id].marked for mark in world.marks)


def test_marks_lean_count_twice_and_are_not_attested(world: World) -> None:
    texts = Counter(mark.text for mark in world.marks)
    assert {"5", "4", "3", "2", "5-", "4+", "4-", "3+", "н/а"} <= set(texts)
    assert any("/" in text and text != "н/а" for text in texts)
    assert texts["5"] + texts["4"] > 10 * texts["2"]


def test_a_pupil_gets_one_mark_on_a_lesson(world: World) -> None:
    assert max(Counter((mark.lesson_id, mark.pupil_id) for mark in world.marks).values()) == 1


def test_marks_are_given_to_pupils_of_the_class_by_its_teacher(world: World) -> None:
    lessons = _lessons(world)
    pupils: defaultdict[object, set[object]] = defaultdict(set)
    for membership in world.memberships:
        pupils[membership.class_id].add(membership.pupil_id)
    for mark in world.marks:
        assert mark.pupil_id in pupils[lessons[mark.lesson_id].class_id]
    for remark in world.remarks:
        assert remark.pupil_id in pupils[lessons[remark.lesson_id].class_id]
    assert all(mark.set_by == lessons[mark.lesson_id].teacher_id for mark in world.marks)


def test_nothing_is_written_on_lessons_that_have_not_ended(world: World) -> None:
    lessons, zones = _lessons(world), {each.id: ZoneInfo(each.zone) for each in world.schools}

    def end(lesson_id: object) -> datetime:
        lesson = lessons[lesson_id]
        return datetime.combine(lesson.date, lesson.ends_at, zones[lesson.school_id])

    assert all(mark.set_at > end(mark.lesson_id) for mark in world.marks)
    assert all(remark.left_at > end(remark.lesson_id) for remark in world.remarks)


def test_nothing_is_written_after_today(world: World) -> None:
    assert max(mark.lesson_date for mark in world.marks) == world.today
    assert max(remark.lesson_date for remark in world.remarks) == world.today


def test_homework_is_set_at_an_earlier_lesson_that_has_been(world: World) -> None:
    lessons, grades = _lessons(world), {each.id: each.grade for each in world.classes}
    for homework in world.homework:
        assert homework.set_at.date() < lessons[homework.lesson_id].date
        assert homework.set_at.date() <= world.today
        assert grades[homework.class_id] > 1


def test_the_coming_week_has_homework_already(world: World) -> None:
    assert any(homework.lesson_date > world.today for homework in world.homework)


def test_several_kinds_of_work_with_weights_occur(world: World) -> None:
    kinds = {lesson.work_type for lesson in world.lessons}
    assert kinds == {each.code for each in world.work_types}
    assert len({each.weight for each in world.work_types}) >= 3
    assert kinds > ASSESSMENTS


def test_remarks_are_varied_and_short(world: World) -> None:
    texts = Counter(remark.text for remark in world.remarks)
    assert len(texts) > 40
    assert all(len(text) <= MOST_COMMENT and "{" not in text and "|" not in text for text in texts)


def test_texts_have_no_unfilled_places(world: World) -> None:
    assert not [homework.text for homework in world.homework if "{" in homework.text]
    assert not [lesson.topic for lesson in world.lessons if "{" in lesson.topic or "|" in lesson.topic]


def test_homework_is_varied(world: World) -> None:
    assert len({homework.text for homework in world.homework}) > 1200


def test_grammatical_gender_is_chosen() -> None:
    assert for_gender("{Забыл|Забыла} дневник", male=True) == "Забыл дневник"
    assert for_gender("{Забыл|Забыла} дневник", male=False) == "Забыла дневник"
    assert for_gender("Нет учебника", male=True) == "Нет учебника"
