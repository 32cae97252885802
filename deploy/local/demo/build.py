"""Puts a demo region together."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date
from typing import Final
from uuid import UUID

from deploy.local.demo.accounts import EsiaRegistry
from deploy.local.demo.curriculum import SUBJECTS, TALKS
from deploy.local.demo.identifiers import Identifiers, repeatable
from deploy.local.demo.journal import Journal
from deploy.local.demo.lessons import Calendar, Window
from deploy.local.demo.people import Settlers
from deploy.local.demo.register import Population
from deploy.local.demo.school_year import SchoolYear
from deploy.local.demo.schools import PLANS, REGION, SchoolPlan, build_holidays, build_school, build_terms
from deploy.local.demo.staffing import Staffing, staff_school
from deploy.local.demo.timetable import Placed, weekly_timetable
from deploy.local.demo.works import WORK_TYPES
from deploy.local.demo.world import (
    Holiday,
    Homework,
    Lesson,
    Mark,
    Person,
    Remark,
    School,
    SchoolClass,
    Showcase,
    Subject,
    Term,
    TimetableEntry,
    World,
)

DEFAULT_SEED: Final = 2026
"""The region that everybody sees who does not ask for another."""


def build_world(seed: int, today: date) -> World:
    """A whole region as of ``today``: the same seed and day give the same region, to the last id.

    People, classes and the timetable depend on the seed and the school year alone, so a region built
    tomorrow has the same persons with the same ids.
    """
    builder = _Builder(seed, today)
    for plan in PLANS:
        builder.found(plan)
    builder.settle()
    for plan in PLANS:
        builder.run(plan)
    return builder.world()


@dataclass(slots=True)
class _Contents:
    """What the schools add up to."""

    terms: list[Term] = field(default_factory=list)
    holidays: list[Holiday] = field(default_factory=list)
    subjects: list[Subject] = field(default_factory=list)
    timetable: list[TimetableEntry] = field(default_factory=list)
    lessons: list[Lesson] = field(default_factory=list)
    homework: list[Homework] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)
    remarks: list[Remark] = field(default_factory=list)


class _Builder:
    """The steps of `build_world`, in their order; each random part has a generator of its own."""

    def __init__(self, seed: int, today: date) -> None:
        self._seed = seed
        self._today = today
        self._year = SchoolYear.of(today)
        self._window = Window.around(today, self._year)
        self._ids = Identifiers(self._stream("structure"))
        self._schools: dict[str, School] = {}
        self._staffings: dict[str, Staffing] = {}
        self._people: dict[UUID, Person] = {}
        self._population = Population()
        self._contents = _Contents()

    def _stream(self, name: str) -> str:
        """A seed for each part: more lessons must not change anybody's name."""
        return f"{self._seed}:{self._year.begins}:{name}"

    def found(self, plan: SchoolPlan) -> None:
        """A school with its calendar and posts."""
        school = self._schools[plan.code] = build_school(plan, self._ids)
        self._contents.terms.extend(build_terms(plan, school, self._year, self._ids))
        self._contents.holidays.extend(build_holidays(school, self._year, self._ids))
        self._staffings[plan.code] = staff_school(plan)

    def settle(self) -> None:
        """All the people."""
        settlers = Settlers(
            repeatable(self._stream("people")), Identifiers(self._stream("persons")), self._year
        )
        for plan in PLANS:
            settlers.settle_staff(plan, self._schools[plan.code], self._staffings[plan.code])
        settlers.settle_cast()
        settlers.settle_everybody()
        self._population = settlers.population
        self._people = {draft.id: draft.person() for draft in settlers.population.drafts.values()}

    def run(self, plan: SchoolPlan) -> None:
        """The weeks of a school: timetable, lessons, what was written on them."""
        school = self._schools[plan.code]
        classes = [each for each in self._population.classes if each.school_id == school.id]
        subjects = self._subjects(plan, school)
        timetable = self._timetable(plan, school, classes, subjects)
        stream = self._stream(f"{plan.code}:{self._today}")
        ids, random = Identifiers(f"{stream}:ids"), repeatable(stream)
        calendar = Calendar(
            plan, school, year=self._year, window=self._window, today=self._today, ids=ids, random=random
        )
        by_id = {subject.id: subject for subject in subjects.values()}
        for school_class in classes:
            self._contents.timetable.extend(timetable[school_class.id])
            calendar.hold(school_class, timetable[school_class.id], by_id)
        self._contents.lessons.extend(calendar.lessons)
        self._contents.homework.extend(calendar.homework)
        journal = Journal(self._today, school.zone, ids, random, lively=self._children_of_the_cast())
        self._write(journal, classes, calendar.lessons, {id_: each.code for id_, each in by_id.items()})
        self._contents.marks.extend(journal.marks)
        self._contents.remarks.extend(journal.remarks)

    def _subjects(self, plan: SchoolPlan, school: School) -> dict[str, Subject]:
        codes = sorted({code for grade in plan.letters for code in plan.hours[grade]} | {TALKS})
        subjects = {code: Subject(self._ids.uuid(), school.id, code, SUBJECTS[code].title) for code in codes}
        self._contents.subjects.extend(subjects.values())
        return subjects

    def _timetable(
        self, plan: SchoolPlan, school: School, classes: list[SchoolClass], subjects: dict[str, Subject]
    ) -> defaultdict[UUID, list[TimetableEntry]]:
        staffing = self._staffings[plan.code]
        teachers = self._population.teachers[school.id]
        entries: defaultdict[UUID, list[TimetableEntry]] = defaultdict(list)
        shown_class, _, shown_teacher = self._shown()
        first_weekday = self._year.first_day.weekday()

        def shows_a_mark_on_the_first_day(lessons: list[Placed]) -> bool:
            """For whoever looks on 1 September: with the cast's teacher in the class of the cast's pupil."""
            return shown_class not in {each.id for each in classes} or any(
                each.cell.weekday == first_weekday
                and classes[each.class_index].id == shown_class
                and teachers[each.teacher] == shown_teacher
                and SUBJECTS[each.subject].marked
                for each in lessons
            )

        for placed in weekly_timetable(
            plan,
            staffing.loads,
            repeatable(self._stream(f"{plan.code}:timetable")),
            suits=shows_a_mark_on_the_first_day,
        ):
            entry = TimetableEntry(
                class_id=classes[placed.class_index].id,
                weekday=placed.cell.weekday,
                number=placed.cell.number,
                subject_id=subjects[placed.subject].id,
                teacher_id=teachers[placed.teacher],
                room=staffing.posts[placed.teacher].room,
            )
            entries[entry.class_id].append(entry)
        return entries

    def _write(
        self, journal: Journal, classes: list[SchoolClass], lessons: list[Lesson], codes: dict[UUID, str]
    ) -> None:
        held: defaultdict[UUID, list[Lesson]] = defaultdict(list)
        for lesson in lessons:
            held[lesson.class_id].append(lesson)
        pupils: defaultdict[UUID, list[Person]] = defaultdict(list)
        for membership in self._population.memberships:
            pupils[membership.class_id].append(self._people[membership.pupil_id])
        for each in classes:
            journal.keep(each.grade, pupils[each.id], held[each.id], codes)

    def _children_of_the_cast(self) -> set[UUID]:
        cast = {member.person_id for member in self._population.featured if member.person_id}
        relations = self._population.relations
        return cast | {each.pupil_id for each in relations if each.guardian_id in cast}

    def _shown(self) -> tuple[UUID, UUID, UUID]:
        """The class, the pupil and the teacher of the showcase."""
        cast = {each.role: each.person_id for each in self._population.featured if each.person_id}
        pupil = cast["pupil_under_14"]
        own_class = next(each.class_id for each in self._population.memberships if each.pupil_id == pupil)
        return own_class, pupil, cast["teacher"]

    def _showcase(self) -> Showcase:
        """The last lesson with marks of the cast's teacher and pupil that has come by today."""
        own_class, pupil, teacher = self._shown()
        marked = {each.id for each in self._contents.subjects if SUBJECTS[each.code].marked}
        come = (
            lesson
            for lesson in self._contents.lessons
            if (lesson.class_id, lesson.teacher_id) == (own_class, teacher)
            and lesson.subject_id in marked
            and lesson.date <= self._today
        )
        lesson = max(come, key=lambda lesson: (lesson.date, lesson.number))
        return Showcase(day=lesson.date, pupil_id=pupil, teacher_id=teacher, lesson_id=lesson.id)

    def world(self) -> World:
        """What came of it."""
        esia = EsiaRegistry(
            self._today, Identifiers(self._stream("esia")), repeatable(self._stream("accounts"))
        )
        esia.open_all(self._population)
        esia.open_strangers()
        showcase = self._showcase()
        kept_free = (showcase.lesson_id, showcase.pupil_id)
        return World(
            seed=self._seed,
            today=self._today,
            region=REGION,
            schools=tuple(self._schools.values()),
            terms=tuple(self._contents.terms),
            holidays=tuple(self._contents.holidays),
            subjects=tuple(self._contents.subjects),
            work_types=WORK_TYPES,
            classes=tuple(self._population.classes),
            people=tuple(self._people.values()),
            memberships=tuple(self._population.memberships),
            relations=tuple(self._population.relations),
            credentials=tuple(self._population.credentials),
            timetable=tuple(self._contents.timetable),
            lessons=tuple(self._contents.lessons),
            homework=tuple(self._contents.homework),
            marks=tuple(
                mark for mark in self._contents.marks if (mark.lesson_id, mark.pupil_id) != kept_free
            ),
            remarks=tuple(self._contents.remarks),
            esia=tuple(esia.accounts),
            featured=(*self._population.featured, *esia.strangers),
            showcase=showcase,
        )
