"""What a mark may be, and when it may change."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final
from uuid import UUID

from services.kit.errors import DomainError, StatusCode

MOST_COMMENT: Final = 500
MOST_REASON: Final = 500

# Typed on phones and pasted from tables: other dashes, the full-width plus, Latin look-alikes, е for ё.
_LOOK_ALIKES: Final = str.maketrans("−–—＋aoceh", "---+аосен")


class UnknownMark(DomainError):
    """The school's scale has no such mark."""

    status = StatusCode.INVALID_ARGUMENT
    reason = "UNKNOWN_MARK"
    title = "The school's scale has no such mark"


class NoMark(DomainError):
    """There is no mark to remove."""

    status = StatusCode.FAILED_PRECONDITION
    reason = "NO_MARK"
    title = "There is no mark to remove"


class StaleMark(DomainError):
    """The mark has moved on since the version the change is based on.

    The metadata carries the mark as it stands: ``present`` (empty when it was removed) and ``version``.
    """

    status = StatusCode.ABORTED
    reason = "STALE_MARK"
    title = "The mark was changed meanwhile"

    def __init__(self, present: MarkOnLesson) -> None:
        super().__init__(present=present.text, version=str(present.version))
        self.present = present


@dataclass(frozen=True, slots=True)
class Scale:
    """The marks that may be given, in the order a teacher expects them."""

    values: dict[str, Decimal | None]
    """What each mark counts as; None for one that counts as nothing."""
    pairs: bool
    """Whether two counted marks may stand in one cell: "4/5" for content and spelling."""

    @property
    def marks(self) -> tuple[str, ...]:
        """The single marks, in order."""
        return tuple(self.values)


def _five_point() -> Scale:
    # The whole marks first: they are nearly all that is given. "1" is rare, "1-" would say nothing more.
    whole, rare = ("5", "4", "3", "2"), "1"
    # A daily mark may lean to its neighbour: "4+" still counts as 4.
    leaning = tuple(mark + sign for mark in whole for sign in "+-")
    counted = {mark: Decimal(mark[0]) for mark in (*whole, *leaning, rare)}
    return Scale({**counted, **dict.fromkeys(("зачёт", "незачёт", "н/а", "осв"))}, pairs=True)


FIVE_POINT: Final = _five_point()
WITHOUT_MARKS: Final = Scale({}, pairs=False)

SCALES: Final = {"five_point": FIVE_POINT}
"""By the name that a school's row gives."""


def scale_of(name: str, *, grade: int) -> Scale:
    """The scale of a class.

    The first grade has no marks (letter of the Ministry of Education № 2021/11-13 of 25 September 2000, "Об
    организации обучения в первом классе четырехлетней начальной школы").
    """
    return WITHOUT_MARKS if grade == 1 else SCALES[name]


@dataclass(frozen=True, slots=True)
class Mark:
    """A mark as the school writes it, and the numbers it counts as.

    >>> Mark.parse("4+", FIVE_POINT)
    Mark(text='4+', values=(Decimal('4'),))
    >>> Mark.parse("4/5", FIVE_POINT).values
    (Decimal('4'), Decimal('5'))
    >>> Mark.parse("н/а", FIVE_POINT).values
    ()
    """

    text: str
    values: tuple[Decimal, ...]

    @classmethod
    def parse(cls, text: str, scale: Scale) -> Mark:
        """Read a mark of ``scale``, written in any of the usual ways: "зачет", "Н/А", "4 / 5".

        Raises:
            UnknownMark: the scale has no such mark.
        """
        known = {_plain(mark): mark for mark in scale.marks}
        single = known.get(_plain(text))
        if single is not None:
            value = scale.values[single]
            return cls(single, () if value is None else (value,))
        halves = [known.get(_plain(half)) for half in text.split("/")]
        values = [scale.values[half] for half in halves if half is not None]
        counted = tuple(value for value in values if value is not None)
        if scale.pairs and len(halves) == 2 and len(counted) == 2:
            return cls(f"{halves[0]}/{halves[1]}", counted)
        raise UnknownMark


def _plain(text: str) -> str:
    """``text`` so that different ways of writing one mark are equal."""
    composed = unicodedata.normalize("NFC", text)
    return "".join(composed.split()).casefold().replace("ё", "е").translate(_LOOK_ALIKES)


@dataclass(frozen=True, slots=True)
class MarkOnLesson:
    """The mark of one pupil on one lesson, at one version."""

    mark_id: UUID
    lesson_id: UUID
    pupil_id: UUID
    text: str = ""
    """Empty: none yet, or removed."""
    comment: str = ""
    """The teacher's words to the family."""
    version: int = 0
    """0: there was never a mark."""

    def replaced_by(self, mark: Mark, *, comment: str, based_on: int) -> MarkOnLesson:
        """The next version, or this one when nothing would change.

        Raises:
            StaleMark: another version than ``based_on`` stands.
        """
        if based_on != self.version:
            raise StaleMark(self)
        if (mark.text, comment) == (self.text, self.comment):
            return self
        return replace(self, text=mark.text, comment=comment, version=self.version + 1)

    def removed(self, *, based_on: int) -> MarkOnLesson:
        """The next version, without a mark.

        Raises:
            NoMark: there is none.
            StaleMark: another version than ``based_on`` stands.
        """
        if not self.text:
            raise NoMark
        if based_on != self.version:
            raise StaleMark(self)
        return replace(self, text="", comment="", version=self.version + 1)
