"""The words of the demo region: topics of lessons, homework, remarks.

The texts are kept as a reader would write them: a subject's topics by grade ("[5]" or "[5-7]"), one to a
line, with their own homework after a bar where the subject's usual homework would not fit.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from random import Random

from deploy.local.demo.texts import arts, exact, languages, primary, sciences

_MODULES = (primary, languages, exact, sciences, arts)


@dataclass(frozen=True, slots=True)
class Topic:
    """What a lesson is about; ``homework`` is empty when the subject's usual homework fits."""

    title: str
    homework: str


def topics(subject: str, grade: int) -> tuple[Topic, ...]:
    """The topics of a subject in a grade, in their order. Raises `KeyError` when there are none."""
    return _topics()[subject, grade]


def homework(subject: str, grade: int, topic: Topic | None, place: int, random: Random) -> str:
    """Something to do after the lesson at this place of the year (0, 1, …); numbers grow with it.

    With a topic, its own task if it has one; else any task that is usual in the subject.
    """
    text = (topic and topic.homework) or random.choice(_homework()[subject, grade <= 4])
    if "{" not in text:
        return text
    page = 24 + 3 * place + random.randrange(3)
    number = (41 if grade <= 4 else 118) + 7 * place + random.randrange(6)
    exercise = 1 + random.randrange(6)
    return text.format(
        p=8 + place // 2,
        page=page,
        page3=page + 1 + random.randrange(3),
        n=number,
        n2=number + 1 + random.randrange(3),
        n3=number + 4 + random.randrange(3),
        k=exercise,
        k2=exercise + 1 + random.randrange(2),
    )


@cache
def _topics() -> dict[tuple[str, int], tuple[Topic, ...]]:
    found: dict[tuple[str, int], tuple[Topic, ...]] = {}
    for module in _MODULES:
        for subject, block in module.TOPICS.items():
            for grades, lines in _sections(block):
                read = tuple(Topic(*map(str.strip, f"{line}|".split("|")[:2])) for line in lines)
                found.update({(subject, grade): read for grade in grades})
    return found


def _sections(block: str) -> list[tuple[range, list[str]]]:
    sections: list[tuple[range, list[str]]] = []
    for raw in block.strip().splitlines():
        line = raw.strip()
        if line.startswith("["):
            first, _, last = line.strip("[]").partition("-")
            sections.append((range(int(first), int(last or first) + 1), []))
        else:
            sections[-1][1].append(line)
    return sections


@cache
def _homework() -> dict[tuple[str, bool], tuple[str, ...]]:
    """By subject and whether the grade is a primary one; other modules' texts serve where one has none."""
    found: dict[tuple[str, bool], tuple[str, ...]] = {}
    for module in _MODULES:
        for subject, block in module.HOMEWORK.items():
            lines = tuple(line.strip() for line in block.strip().splitlines())
            if module is primary:
                found[subject, True] = lines
            else:
                found[subject, False] = lines
                found.setdefault((subject, True), lines)
    return found
