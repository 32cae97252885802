"""The people of the region: staff, families of the cast, and all the others drawn around them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from random import Random

from deploy.local.demo import cast, members
from deploy.local.demo.identifiers import Identifiers
from deploy.local.demo.names import OTHERS, RUSSIAN, Namer, Tradition
from deploy.local.demo.register import Draft, Population, Register, Seats
from deploy.local.demo.school_year import SchoolYear
from deploy.local.demo.schools import SchoolPlan
from deploy.local.demo.staffing import Post, Staffing
from deploy.local.demo.world import FullName, Gender, RelationKind, Role, School, SchoolClass

_SIBLING = 0.30  # how often a family has one more child at school
_OTHER_SCHOOL = 0.12  # how often that child goes to the other school of the town
_BOTH_PARENTS, _MOTHER_ALONE, _GRANDMOTHER = 0.62, 0.30, 0.02  # the rest: a father alone
_OTHER_SURNAME = 0.12  # mothers who kept or took another surname
_TEACHERS_CHILD = 6  # teachers, beside the cast's, whose children go to their school
_SNILS_UNKNOWN = 0.02  # guardians whose SNILS the school has not written down yet
_NAMESAKES_AVOIDED = 5  # redraws; a chance namesake after that is life


class Settlers:
    """Settles people: staff school by school, then the cast's families, then everybody else."""

    def __init__(self, random: Random, ids: Identifiers, year: SchoolYear) -> None:
        self._random = random
        self._namer = Namer(random)
        self._ids = ids
        self._year = year
        self._register = Register(random, ids, year)
        self._seats: dict[tuple[str, int, str], Seats] = {}
        self._posts: dict[tuple[str, str, int], Draft] = {}
        self._names: set[FullName] = set()

    @property
    def population(self) -> Population:
        """Everybody so far."""
        return self._register.population

    # Staff and classes

    def settle_staff(self, plan: SchoolPlan, school: School, staffing: Staffing) -> None:
        """Give every post a teacher and open the classes."""
        people = [self._teacher(plan, school, post) for post in staffing.posts]
        self.population.teachers[school.id] = [draft.id for draft in people]
        for employee in cast.EMPLOYEES:
            if employee.school == plan.code and employee.post is None:
                self._employee(employee, school)
        for each, load, room in zip(staffing.classes, staffing.loads, staffing.rooms, strict=True):
            school_class = SchoolClass(
                id=self._ids.uuid(),
                school_id=school.id,
                grade=each.grade,
                letter=each.letter,
                shift=plan.shift(each.grade),
                homeroom_teacher_id=people[load.homeroom_teacher].id,
                room=room,
            )
            self.population.classes.append(school_class)
            size = self._random.randint(*plan.sizes)
            self._seats[plan.code, each.grade, each.letter] = Seats(school, plan, school_class, size)

    def _teacher(self, plan: SchoolPlan, school: School, post: Post) -> Draft:
        key = (plan.code, post.code, post.number)
        member = _WRITTEN_POSTS.get(key)
        if isinstance(member, members.Employee):
            draft = self._employee(member, school)
        elif isinstance(member, members.Adult):
            draft = self._adult(member)
        else:
            # Few men teach, but for sport and craft.
            male = self._random.random() < (0.6 if post.code in {"sport", "craft"} else 0.12)
            tradition = RUSSIAN if self._random.random() < 0.93 else OTHERS[0]
            age = self._random.randint(24, 66)
            draft = self._draw_adult(tradition, Gender.MALE if male else Gender.FEMALE, age)
            draft.school_knows_snils = True  # no contract of employment without it
        draft.place(school.id, Role.TEACHER)
        self._posts[key] = draft
        return draft

    def _employee(self, employee: members.Employee, school: School) -> Draft:
        born = self._register.born(employee.age)
        draft = self._register.add(employee.name, employee.gender, born, employee.snils, esia=employee.esia)
        if employee.registrar:
            draft.place(school.id, Role.REGISTRAR)
        if employee.administrator:
            draft.place(school.id, Role.SCHOOL_ADMINISTRATOR)
        self._register.feature(draft, employee.notes, employee.credentials)
        return draft

    # Families

    def settle_cast(self) -> None:
        """The families that are written down."""
        for family in cast.FAMILIES:
            adults = [
                self._posts[adult.post] if adult.post else self._adult(adult) for adult in family.adults
            ]
            for child in family.children:
                seats = self._seats[child.school, child.grade, child.letter]
                birth = self._register.birth_in(child.grade, child.birthday)
                pupil = self._register.add(child.name, child.gender, birth, child.snils, esia=child.esia)
                self._register.feature(pupil, child.notes, None)
                self._register.seat(pupil, seats)
                for adult, draft in zip(family.adults, adults, strict=True):
                    self._register.relate(draft, pupil, seats.school, adult.kind)

    def settle_everybody(self) -> None:
        """Families until every class is full; some teachers bring their own children."""
        for code, teacher in self._teachers_with_children():
            free = [each for each in self._seats.values() if each.plan.code == code and each.free]
            self._family(self._random.choice(free), mother=teacher)
        for seats in self._seats.values():
            while seats.free:
                self._family(seats)

    def _teachers_with_children(self) -> list[tuple[str, Draft]]:
        begin = date(self._year.begins, 9, 1)
        mothers = [
            (code, draft)
            for (code, _, _), draft in self._posts.items()
            if draft.gender is Gender.FEMALE
            and draft.esia is None
            and 36 <= (begin - draft.birth_date).days // 365 <= 44
        ]
        return self._random.sample(mothers, min(_TEACHERS_CHILD, len(mothers)))

    def _family(self, seats: Seats, mother: Draft | None = None) -> None:
        """A family, one of whose children takes a seat here; brothers and sisters find theirs elsewhere."""
        tradition = self._namer.tradition() if mother is None else mother.tradition
        surname = self._namer.surname(tradition) if mother is None else mother.family_name
        places = [seats]
        while mother is None and len(places) < 4 and self._random.random() < _SIBLING:
            sibling = self._seat_for_sibling(places)
            if sibling is None:
                break
            places.append(sibling)
        eldest = max(each.school_class.grade for each in places)
        father, guardians = self._guardians(tradition, surname, eldest, mother)
        taken: set[str] = set()
        for each in places:
            name = self._child(each, tradition, surname, father, taken=taken, guardians=guardians)
            taken.add(name.given_name)

    def _child(
        self,
        seats: Seats,
        tradition: Tradition,
        surname: str,
        father: str,
        *,
        guardians: list[tuple[Draft, RelationKind]],
        taken: set[str],
    ) -> FullName:
        gender = Gender.MALE if self._random.random() < 0.51 else Gender.FEMALE
        name = self._fresh(lambda: self._namer.child(tradition, surname, father, gender, taken))
        first = self._register.first_birth(seats.school_class.grade)
        pupil = self._register.add(name, gender, first + timedelta(days=self._random.randrange(365)))
        self._register.seat(pupil, seats)
        for guardian, kind in guardians:
            self._register.relate(guardian, pupil, seats.school, kind)
        return name

    def _guardians(
        self, tradition: Tradition, surname: str, eldest: int, mother: Draft | None
    ) -> tuple[str, list[tuple[Draft, RelationKind]]]:
        """The father's given name, registered or not, and everybody who stands for the children."""
        age = eldest + 6 + self._random.randint(20, 33)
        chance = self._random.random()
        guardians: list[tuple[Draft, RelationKind]] = []
        if mother is not None:
            guardians.append((mother, RelationKind.PARENT))
        elif chance < _BOTH_PARENTS + _MOTHER_ALONE:
            own = self._namer.surname(tradition) if self._random.random() < _OTHER_SURNAME else surname
            mother = self._draw_adult(tradition, Gender.FEMALE, age, own)
            guardians.append((mother, RelationKind.PARENT))
        if not _BOTH_PARENTS <= chance < _BOTH_PARENTS + _MOTHER_ALONE and chance < 1 - _GRANDMOTHER:
            years = age + self._random.randint(-2, 7)
            father = self._draw_adult(tradition, Gender.MALE, years, surname)
            return father.name.given_name, [*guardians, (father, RelationKind.PARENT)]
        if not guardians:
            grandmother = self._draw_adult(tradition, Gender.FEMALE, age + 23, surname)
            guardians.append((grandmother, RelationKind.REPRESENTATIVE))
        return self._random.choice(tradition.men), guardians

    def _seat_for_sibling(self, places: list[Seats]) -> Seats | None:
        """A free seat two grades or more away, mostly at the same school."""
        home = places[0].plan
        elsewhere = self._random.random() < _OTHER_SCHOOL
        grades = [each.school_class.grade for each in places]
        free = [
            each
            for each in self._seats.values()
            if each.free
            and each.plan.zone == home.zone
            and (each.plan is not home) == elsewhere
            and all(abs(each.school_class.grade - grade) >= 2 for grade in grades)
        ]
        return self._random.choice(free) if free else None

    # Grown-ups

    def _adult(self, adult: members.Adult) -> Draft:
        born = self._register.born(adult.age)
        draft = self._register.add(adult.name, adult.gender, born, adult.snils, esia=adult.esia)
        draft.school_knows_snils = adult.school_knows_snils
        self._register.feature(draft, adult.notes, adult.credentials, slip=adult.slip)
        return draft

    def _draw_adult(
        self, tradition: Tradition, gender: Gender, age: int, surname: str | None = None
    ) -> Draft:
        family_name = surname or self._namer.surname(tradition)
        name = self._fresh(lambda: self._namer.adult(tradition, family_name, gender))
        draft = self._register.add(name, gender, self._register.born(age))
        draft.tradition = tradition
        draft.family_name = family_name
        draft.school_knows_snils = self._random.random() >= _SNILS_UNKNOWN
        return draft

    def _fresh(self, draw: Callable[[], FullName]) -> FullName:
        """A name that hardly anybody has."""
        name = draw()
        for _ in range(_NAMESAKES_AVOIDED):
            if name not in self._names:
                break
            name = draw()
        self._names.add(name)
        return name


_WRITTEN_POSTS: dict[tuple[str, str, int], members.Employee | members.Adult] = {
    **{(each.school, *each.post): each for each in cast.EMPLOYEES if each.post},
    **{adult.post: adult for family in cast.FAMILIES for adult in family.adults if adult.post},
}
