"""What can be wrong in a person's data, what may stand there instead, and by when the school decides."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from dataclasses import field as hidden
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from services.identity.people.rules import (
    BadBirthDate,
    BadField,
    BadName,
    BadSnils,
    FullName,
    Snils,
    require_plausible,
)
from services.kit.errors import DomainError, StatusCode

# 152-FZ, article 20: data shown to be wrong are mended within seven working days.
WORKING_DAYS: Final = 7
# A person may ask what became of a correction as long as this.
KEPT: Final = timedelta(days=365)
LONGEST_COMMENT: Final = 500
_LONGEST_VALUE: Final = 100
_FRIDAY: Final = 4


class Field(StrEnum):
    """What can be wrong: the names of `school.identity.v1.CorrectableField` without their prefix."""

    SURNAME = "SURNAME"
    GIVEN_NAME = "GIVEN_NAME"
    PATRONYMIC = "PATRONYMIC"
    BIRTH_DATE = "BIRTH_DATE"
    SNILS = "SNILS"

    @property
    def word(self) -> str:
        """Its name in metadata and messages."""
        return self.value.lower()


class State(StrEnum):
    """What became of a correction: the names of `school.identity.v1.CorrectionState` without their prefix."""

    WAITING = "WAITING"
    ACCEPTED = "ACCEPTED"
    REFUSED = "REFUSED"
    WITHDRAWN = "WITHDRAWN"


class NothingToCorrect(DomainError):
    """The value is the registered one."""

    status = StatusCode.FAILED_PRECONDITION
    reason = "NOTHING_TO_CORRECT"
    title = "This is what is registered already"


class CorrectionWaits(DomainError):
    """A correction of this field is being looked at."""

    status = StatusCode.ALREADY_EXISTS
    reason = "CORRECTION_WAITS"
    title = "A correction of this field is being looked at"


class UnknownCorrection(DomainError):
    """The caller, or the school, has no such correction."""

    status = StatusCode.NOT_FOUND
    reason = "UNKNOWN_CORRECTION"
    title = "There is no such correction"


class OwnData(DomainError):
    """Nobody decides about their own data: somebody else looks at the papers."""

    status = StatusCode.PERMISSION_DENIED
    reason = "OWN_DATA"
    title = "Another registrar decides about your own data"


class CorrectionDecided(DomainError):
    """Something else became of the correction before."""

    status = StatusCode.FAILED_PRECONDITION
    reason = "CORRECTION_DECIDED"
    title = "The correction has been decided already"


class StaleCorrection(DomainError):
    """The field has another value by now than the one that was called wrong."""

    status = StatusCode.ABORTED
    reason = "STALE_CORRECTION"
    title = "The field was changed meanwhile"


@dataclass(frozen=True, slots=True)
class Data:
    """What a school registered of a person, as far as it can be corrected."""

    name: FullName
    birth_date: date = hidden(repr=False)
    snils: Snils | None

    def text(self, of: Field) -> str:
        """A field as it is compared and kept; empty when the school has none."""
        match of:
            case Field.SURNAME:
                return self.name.surname
            case Field.GIVEN_NAME:
                return self.name.given_name
            case Field.PATRONYMIC:
                return self.name.patronymic
            case Field.BIRTH_DATE:
                return self.birth_date.isoformat()
            case Field.SNILS:
                return self.snils.digits if self.snils else ""

    def corrected(self, of: Field, text: str, *, today: date, allow_test_snils: bool) -> Data:
        """With another value in a field, judged like a registered one. Raises `BadField`."""
        try:
            match of:
                case Field.BIRTH_DATE:
                    return replace(self, birth_date=_birth_date(text, today))
                case Field.SNILS:
                    return replace(self, snils=Snils.parse(text, allow_test_range=allow_test_snils))
                case _:
                    return replace(self, name=self._renamed(of, text[: _LONGEST_VALUE + 1]))
        except (BadName, BadBirthDate, BadSnils):
            raise BadField(field=of.word) from None

    def _renamed(self, part: Field, text: str) -> FullName:
        parts = {each.word: self.text(each) for each in (Field.SURNAME, Field.GIVEN_NAME, Field.PATRONYMIC)}
        return FullName.registered(**(parts | {part.word: text}))


@dataclass(frozen=True, slots=True)
class Correction:
    """One correction, from the person's request to the school's decision."""

    id: UUID
    person_id: UUID
    school_id: UUID
    field: Field
    registered: str = hidden(repr=False)
    """What was registered when it was called wrong; as `Data.text` gives it."""
    right: str = hidden(repr=False)
    comment: str = hidden(repr=False)
    requested_at: datetime
    due_at: datetime
    state: State = State.WAITING
    reason: str = hidden(default="", repr=False)
    decided_at: datetime | None = None
    decided_by: UUID | None = None

    def becomes(self, state: State, *, by: UUID, at: datetime, reason: str = "") -> Correction | None:
        """The correction once it is decided or taken back; None when that was done before.

        Raises:
            CorrectionDecided: something else became of it.
        """
        if self.state is state:
            return None
        if self.state is not State.WAITING:
            raise CorrectionDecided
        return replace(self, state=state, decided_by=by, decided_at=at, reason=reason)

    def require_fresh(self, present: Data) -> None:
        """Raises `StaleCorrection` when the field is no longer what was called wrong."""
        if present.text(self.field) != self.registered:
            raise StaleCorrection


def due_at(requested_at: datetime, zone: ZoneInfo) -> datetime:
    """The end of the seventh working day after the request's.

    Saturdays and Sundays do not count. Public holidays do: the school is asked a little sooner than the law
    asks, and no calendar of a government has to be kept.
    """
    day = requested_at.astimezone(zone).date()
    left = WORKING_DAYS
    while left:
        day += timedelta(days=1)
        left -= day.weekday() <= _FRIDAY
    return datetime.combine(day + timedelta(days=1), time(), zone)


def _birth_date(text: str, today: date) -> date:
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", text.strip(), re.ASCII):
        raise BadBirthDate
    try:
        born = date.fromisoformat(text.strip())
    except ValueError:
        raise BadBirthDate from None
    require_plausible(born, today=today)
    return born
