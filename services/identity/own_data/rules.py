"""What becomes of a person's data when they want them erased, and when (152-ФЗ, articles 14 and 21)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from services.kit.errors import DomainError, StatusCode

TIME_TO_THINK: Final = timedelta(days=3)
"""Between the wish and the erasure: who has stolen a session shall not destroy an account unseen."""


class Data(StrEnum):
    """Groups of data, as the contract names them."""

    LOGIN = "login"
    PASSWORD = "password"  # noqa: S105 - the name of a group
    CONTACTS = "contacts"
    SECOND_FACTOR = "second_factor"
    SESSIONS = "sessions"
    BINDING = "binding"
    MESSAGES = "messages"
    CORRECTIONS = "corrections"
    REGISTERED_PERSON = "registered_person"
    SCHOOL_RECORD = "school_record"
    RELATIONS = "relations"
    CONSENTS = "consents"
    AUDIT = "audit"


class Law(StrEnum):
    """Why something is kept."""

    SCHOOL = "school_law"  # 273-ФЗ: the school keeps a register of its pupils and those who stand for them
    CONSENT = "consent_law"  # 152-ФЗ, article 9: the operator must be able to show that there was a consent
    SECURITY = "security_law"  # FSTEC order 21: what was done with personal data is recorded


KEPT: Final = {
    Data.REGISTERED_PERSON: Law.SCHOOL,
    Data.SCHOOL_RECORD: Law.SCHOOL,
    Data.RELATIONS: Law.SCHOOL,
    Data.CONSENTS: Law.CONSENT,
    Data.AUDIT: Law.SECURITY,
}
"""What an erasure leaves, and why; everything else goes."""


class Cause(StrEnum):
    """Why an account is to be erased."""

    WISH = "WISH"
    CONSENT = "CONSENT"  # nobody consents to the processing any more


class NoErasure(DomainError):
    """No erasure waits that could be taken back."""

    status = StatusCode.FAILED_PRECONDITION
    reason = "NO_ERASURE"
    title = "No erasure is waiting"


class LastOperator(DomainError):
    """Nobody else could run the region."""

    status = StatusCode.FAILED_PRECONDITION
    reason = "LAST_OPERATOR"
    title = "You are the region's only operator: make somebody else one first"


@dataclass(frozen=True, slots=True)
class Erasure:
    """An erasure that waits for its day."""

    id: UUID
    person_id: UUID
    account_id: UUID
    cause: Cause
    erases_at: datetime
