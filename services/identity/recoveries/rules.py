"""The recovery of a forgotten password: how long what was sent holds, and how often it can be tried."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from services.identity.contacts.rules import CODE_LIFE, LINK_LIFE, Kind
from services.kit.errors import DomainError, StatusCode

CODE_DIGITS: Final = 8
"""Anybody can begin the recovery of anybody's password, of many persons' and again each hour: five guesses
at six digits each time would open accounts every day (A21). A code that a session asks for is shorter."""
LEAST_TIME: Final = timedelta(milliseconds=400)
"""Beginning a recovery takes at least so long, many times what it costs to send something: whether there is
such an account cannot be told from the time (A22)."""


class RecoveryUnknown(DomainError):
    """The token or code is wrong, used, past its time, was tried too often, or its address has changed."""

    status = StatusCode.NOT_FOUND
    reason = "RECOVERY_UNKNOWN"
    title = "This link or code no longer holds, begin again"


def life_of(contact: Kind) -> timedelta:
    """How long what goes to a contact holds (NIST SP 800-63B-4, 4.2.1.1: ten minutes, a day)."""
    return LINK_LIFE if contact is Kind.EMAIL else CODE_LIFE


@dataclass(frozen=True, slots=True)
class Started:
    """What is told to whoever begins a recovery, whether there is such an account or not."""

    key: UUID
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Recovery:
    """A recovery that waits for what was sent to come back."""

    id: UUID
    account_id: UUID
    person_id: UUID
    login: str = field(repr=False)
    contact: Kind
    address_digest: bytes = field(repr=False)
    """Of the address that it was sent to."""
    proof_digest: bytes = field(repr=False)
    """SHA-256 of a link's token, keyed HMAC of a code."""
