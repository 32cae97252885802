"""What is taught: subjects, weekly hours by grade, who can teach what.

Hours follow the federal curricula for a five-day week (21 hours in grade 1, 23 in 2-4, 29 in 5, 30 in 6,
32 in 7, 33 in 8-9, 34 in 10-11); a six-day school adds a second foreign language.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

TALKS: Final = "talks"  # the week's first lesson, held by every homeroom teacher with their own class


@dataclass(frozen=True, slots=True)
class SubjectKind:
    """A subject as every school knows it."""

    title: str
    hard: bool = False  # belongs to the middle of the day and is examined in writing
    marked: bool = True
    homework: bool = True


SUBJECTS: Final[dict[str, SubjectKind]] = {
    "russian": SubjectKind("Русский язык", hard=True),
    "reading": SubjectKind("Литературное чтение"),
    "literature": SubjectKind("Литература"),
    "english": SubjectKind("Английский язык", hard=True),
    "german": SubjectKind("Немецкий язык"),
    "mathematics": SubjectKind("Математика", hard=True),
    "algebra": SubjectKind("Алгебра", hard=True),
    "geometry": SubjectKind("Геометрия", hard=True),
    "statistics": SubjectKind("Вероятность и статистика"),
    "informatics": SubjectKind("Информатика"),
    "world_around": SubjectKind("Окружающий мир"),
    "history": SubjectKind("История"),
    "social": SubjectKind("Обществознание"),
    "spiritual": SubjectKind("ОДНКНР"),
    "religions": SubjectKind("Основы религиозных культур и светской этики", marked=False),
    "geography": SubjectKind("География"),
    "biology": SubjectKind("Биология"),
    "physics": SubjectKind("Физика", hard=True),
    "chemistry": SubjectKind("Химия", hard=True),
    "art": SubjectKind("Изобразительное искусство"),
    "music": SubjectKind("Музыка"),
    "craft": SubjectKind("Труд (технология)"),
    "sport": SubjectKind("Физическая культура", homework=False),
    "safety": SubjectKind("Основы безопасности и защиты Родины"),
    "project": SubjectKind("Индивидуальный проект"),
    TALKS: SubjectKind("Разговоры о важном", marked=False, homework=False),
}

_GRADE_2_3 = {
    "russian": 5, "reading": 4, "english": 2, "mathematics": 4, "world_around": 2, "art": 1, "music": 1,
    "craft": 1, "sport": 3,
}  # fmt: skip
_UPPER = {
    "russian": 3, "literature": 3, "english": 3, "algebra": 4, "geometry": 3, "statistics": 1,
    "informatics": 2, "history": 2, "social": 3, "geography": 1, "physics": 3, "chemistry": 1, "biology": 1,
    "safety": 1, "project": 1, "sport": 2,
}  # fmt: skip

HOURS: Final[dict[int, dict[str, int]]] = {
    1: {
        "russian": 5, "reading": 4, "mathematics": 4, "world_around": 2, "art": 1, "music": 1, "craft": 1,
        "sport": 3,
    },
    2: _GRADE_2_3,
    3: _GRADE_2_3,
    4: {**_GRADE_2_3, "religions": 1, "sport": 2},
    5: {
        "russian": 5, "literature": 3, "english": 3, "mathematics": 5, "history": 3, "spiritual": 1,
        "geography": 1, "biology": 1, "art": 1, "music": 1, "craft": 2, "sport": 3,
    },
    6: {
        "russian": 6, "literature": 3, "english": 3, "mathematics": 5, "history": 2, "social": 1,
        "spiritual": 1, "geography": 1, "biology": 1, "art": 1, "music": 1, "craft": 2, "sport": 3,
    },
    7: {
        "russian": 4, "literature": 2, "english": 3, "algebra": 3, "geometry": 2, "statistics": 1,
        "informatics": 1, "history": 2, "social": 1, "geography": 2, "biology": 2, "physics": 2, "art": 1,
        "music": 1, "craft": 2, "sport": 3,
    },
    8: {
        "russian": 3, "literature": 2, "english": 3, "algebra": 4, "geometry": 2, "statistics": 1,
        "informatics": 1, "history": 2, "social": 1, "geography": 2, "biology": 2, "physics": 2,
        "chemistry": 2, "music": 1, "craft": 1, "safety": 1, "sport": 3,
    },
    9: {
        "russian": 3, "literature": 3, "english": 3, "algebra": 3, "geometry": 2, "statistics": 1,
        "informatics": 1, "history": 3, "social": 1, "geography": 2, "biology": 2, "physics": 3,
        "chemistry": 2, "craft": 1, "safety": 1, "sport": 2,
    },
    10: _UPPER,
    11: _UPPER,
}  # fmt: skip

# In grades 1-4 the class has one teacher for everything but these.
BY_SPECIALISTS: Final = frozenset({"english", "music", "sport"})


@dataclass(frozen=True, slots=True)
class Speciality:
    """The subjects one teacher can take, and the rooms they need."""

    code: str
    subjects: frozenset[str]
    rooms: tuple[str, ...] = ()  # rooms with a name, for the first teachers; the others get a numbered one


def _speciality(code: str, subjects: str, *rooms: str) -> Speciality:
    return Speciality(code, frozenset(subjects.split()), rooms)


_SPORT_ROOMS = ("Спортзал", "Малый спортзал", "Спортплощадка")

TOWN_SPECIALITIES: Final = (
    _speciality("language", "russian literature"),
    _speciality("mathematics", "mathematics algebra geometry statistics"),
    _speciality("english", "english"),
    _speciality("german", "german"),
    _speciality("history", "history social spiritual"),
    _speciality("geography", "geography"),
    _speciality("biology", "biology"),
    _speciality("physics", "physics"),
    _speciality("chemistry", "chemistry"),
    _speciality("informatics", "informatics project"),
    _speciality("arts", "music art"),
    _speciality("craft", "craft safety", "Мастерская"),
    _speciality("sport", "sport", *_SPORT_ROOMS),
)

# In a village one teacher takes what two would take in a town.
VILLAGE_SPECIALITIES: Final = (
    _speciality("language", "russian literature"),
    _speciality("mathematics", "mathematics algebra geometry statistics"),
    _speciality("english", "english"),
    _speciality("history", "history social spiritual"),
    _speciality("nature", "geography biology chemistry"),
    _speciality("physics", "physics informatics project"),
    _speciality("arts", "music art"),
    _speciality("craft", "craft safety", "Мастерская"),
    _speciality("sport", "sport", *_SPORT_ROOMS),
)

WEEKLY_LOAD: Final = 26  # hours of a teacher; a post is 18, hardly anybody has one alone
