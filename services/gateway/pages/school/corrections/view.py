"""Corrections that people have asked for: what is registered against what they say is right."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from school.identity.v1.corrections_pb2 import CorrectableField, Correction
from services.gateway.pages.school.dates import date_shown, moment
from services.gateway.pages.school.failure import NO_FAILURE, Failure
from services.gateway.pages.school.words import FIELDS

DONE: Final = {"accepted": "fixes.accepted", "refused": "fixes.refused"}
"""What was just done, as the address names it, and how the page says it."""


@dataclass(frozen=True, slots=True)
class CorrectionView:
    """One correction that waits."""

    correction_id: str
    person_id: str
    person: str
    field: str
    """Which field, as a key."""
    registered: str
    right: str
    """Empty: the person says that there is none."""
    comment: str
    requested: datetime
    due: datetime
    overdue: bool
    failure: Failure


def correction_views(
    corrections: Iterable[Correction], zone: ZoneInfo, now: datetime, failure: Failure = NO_FAILURE
) -> tuple[CorrectionView, ...]:
    """The corrections in the order given."""
    return tuple(
        CorrectionView(
            correction_id=each.correction_id,
            person_id=each.person_id,
            person=each.person_name,
            field=FIELDS.get(each.field, "fixes.field.other"),
            registered=_shown(each.field, each.registered_value),
            right=_shown(each.field, each.right_value),
            comment=each.comment,
            requested=moment(each.requested_at, zone),
            due=moment(each.due_at, zone),
            overdue=each.due_at.ToSeconds() < now.timestamp(),
            failure=failure.at(each.correction_id),
        )
        for each in corrections
    )


def _shown(field: CorrectableField.ValueType, value: str) -> str:
    return date_shown(value) if field == CorrectableField.CORRECTABLE_FIELD_BIRTH_DATE else value
