"""Who teaches whom: posts of a school, their classes, their homerooms and rooms."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import ceil

from deploy.local.demo.curriculum import BY_SPECIALISTS, WEEKLY_LOAD, Speciality
from deploy.local.demo.schools import SchoolPlan
from deploy.local.demo.timetable import Load


@dataclass(frozen=True, slots=True)
class ClassPlan:
    """A class before anybody is in it."""

    grade: int
    letter: str


@dataclass(slots=True)
class Post:
    """A teacher's place in a school. ``code`` is the speciality or "primary"."""

    code: str
    number: int  # among the posts of the same code, from 0
    room: str
    hours: int = 0


@dataclass(frozen=True)
class Staffing:
    """The outcome; teachers are named by the index of their post, classes by theirs."""

    classes: tuple[ClassPlan, ...]
    posts: list[Post]
    loads: list[Load]
    rooms: list[str] = field(default_factory=list)  # a class's own room; empty from grade 5


def staff_school(plan: SchoolPlan) -> Staffing:
    """Share a school's hours among as few teachers as can carry them."""
    classes = tuple(
        ClassPlan(grade, letter) for grade in sorted(plan.letters) for letter in plan.letters[grade]
    )
    posts: list[Post] = []
    teaches: list[dict[str, int]] = [{} for _ in classes]  # class → subject code → post
    for index, each in enumerate(classes):
        if each.grade <= 4:
            posts.append(Post("primary", index, ""))
            for code, hours in plan.hours[each.grade].items():
                if code not in BY_SPECIALISTS:
                    teaches[index][code] = index
                    posts[index].hours += hours
    for speciality in plan.specialities:
        _share(plan, speciality, classes, posts, teaches)
    rooms = _give_rooms(plan, classes, posts)
    homerooms = _homerooms(plan, classes, posts, teaches)
    loads = [
        Load(
            each.grade,
            homerooms[index],
            tuple((code, teaches[index][code], hours) for code, hours in plan.hours[each.grade].items()),
        )
        for index, each in enumerate(classes)
    ]
    return Staffing(classes, posts, loads, rooms)


def _share(
    plan: SchoolPlan,
    speciality: Speciality,
    classes: tuple[ClassPlan, ...],
    posts: list[Post],
    teaches: list[dict[str, int]],
) -> None:
    """Give each class one teacher of the speciality, the hours as even as can be."""
    wanted = [
        (
            sum(hours for code, hours in plan.hours[each.grade].items() if _open(code, speciality, taught)),
            index,
        )
        for index, (each, taught) in enumerate(zip(classes, teaches, strict=True))
    ]
    total = sum(hours for hours, _ in wanted)
    if not total:
        return
    team = [Post(speciality.code, number, "") for number in range(ceil(total / WEEKLY_LOAD))]
    first = len(posts)
    posts.extend(team)
    for hours, index in sorted(wanted, reverse=True):
        if not hours:
            continue
        chosen = min(range(len(team)), key=lambda number: (team[number].hours, number))
        team[chosen].hours += hours
        for code in plan.hours[classes[index].grade]:
            if _open(code, speciality, teaches[index]):
                teaches[index][code] = first + chosen


def _open(code: str, speciality: Speciality, taught: dict[str, int]) -> bool:
    return code in speciality.subjects and code not in taught


def _give_rooms(plan: SchoolPlan, classes: tuple[ClassPlan, ...], posts: list[Post]) -> list[str]:
    """A numbered classroom for everybody who has none with a name; shifts share those of the primary."""
    rooms: list[str] = []
    own = {1: 0, 2: 0}  # primary classrooms given out, by shift
    for index, each in enumerate(classes):
        if each.grade > 4:
            rooms.append("")
            continue
        shift = plan.shift(each.grade)
        own[shift] += 1
        rooms.append(str(100 + own[shift]))
        posts[index].room = rooms[index]
    named = {speciality.code: speciality.rooms for speciality in plan.specialities}
    numbered = 0
    for post in posts:
        if post.room:
            continue
        names = named[post.code]
        if post.number < len(names):
            post.room = names[post.number]
        else:
            post.room = str((200, 300)[numbered // 12] + numbered % 12 + 1)
            numbered += 1
    return rooms


def _homerooms(
    plan: SchoolPlan, classes: tuple[ClassPlan, ...], posts: list[Post], teaches: list[dict[str, int]]
) -> list[int]:
    """One homeroom teacher for each class, the one who sees it most; nobody has two classes."""
    homerooms: list[int] = []
    for index, each in enumerate(classes):
        if each.grade <= 4:
            homerooms.append(index)
            continue
        hours: dict[int, int] = {}
        for code, post in teaches[index].items():
            hours[post] = hours.get(post, 0) + plan.hours[each.grade][code]
        free = [post for post in hours if post not in homerooms]
        homerooms.append(max(free, key=lambda post: (hours[post], -post)))
        posts[homerooms[-1]].hours += 1
    return homerooms
