"""Who is told that a school is connected, and for how long they are remembered (R28)."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from services.identity.contacts.rules import Email
from services.identity.digests import digest_of
from services.kit.errors import DomainError, StatusCode

LINK_LIFE: Final = timedelta(days=1)
"""Who has not confirmed by then is forgotten."""
PATIENCE: Final = timedelta(days=365)
"""A school that was not connected within a year will hardly be news to whoever asked."""
NEWS_LIFE: Final = timedelta(days=3)
"""The letter may wait so long for a mail server: nobody is told a second time."""
MOST_COUNTED: Final = 200
_TOKEN_BYTES: Final = 16  # 128 bits


class SchoolConnected(DomainError):
    """There is nothing to wait for."""

    status = StatusCode.FAILED_PRECONDITION
    reason = "SCHOOL_CONNECTED"
    title = "This school works with the diary already"


@dataclass(frozen=True, slots=True)
class Watch:
    """An address that waits for a school."""

    id: UUID
    school_id: UUID
    email: Email
    language: str
    asked_at: datetime
    confirmed: bool = False


@dataclass(frozen=True, slots=True)
class Token:
    """What a letter's link carries; only its digest is kept."""

    text: str = field(repr=False)

    @classmethod
    def new(cls) -> Token:
        """Another one."""
        return cls(secrets.token_urlsafe(_TOKEN_BYTES))

    @property
    def digest(self) -> bytes:
        """By which the watch is found."""
        return digest_of(self.text)
