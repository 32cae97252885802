"""How a delivery stands, when it is tried again, and when it is given up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import IntEnum
from typing import Final
from uuid import UUID

KEPT: Final = timedelta(days=90)
"""Deliveries are shown for as long, and removed then."""
MOST_ATTEMPTS: Final = 40
"""With the pauses below: fifteen hours, for what lives longer than most of our messages."""
_FIRST_PAUSE: Final = timedelta(seconds=2)
_LONGEST_PAUSE: Final = timedelta(minutes=30)
_MOST_DOUBLINGS: Final = 10  # two seconds have become more than the longest pause
UNFINISHED: Final = "UNFINISHED"
"""What is said of an attempt until its outcome is known; it stays so when the sender was killed in it."""


class Channel(IntEnum):
    """By what a message goes; the numbers are those of the contract."""

    EMAIL = 1
    SMS = 2


class State(IntEnum):
    """How a delivery stands; the numbers are those of the contract."""

    WAITING = 1
    SENT = 2
    FAILED = 3
    EXPIRED = 4
    WITHDRAWN = 5


@dataclass(frozen=True, slots=True)
class Order:
    """A message that identity wants sent."""

    delivery_id: UUID
    person_id: UUID | None
    """None for an applicant who is no person of the region yet."""
    channel: Channel
    kind: int
    """Number of identity's ``MessageKind``."""
    language: str
    sealed: str = field(repr=False)
    """Address and values, readable with our private key alone."""
    requested_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Claim:
    """A delivery that one sender has taken on, for one attempt."""

    delivery_id: UUID
    kind: int
    language: str
    sealed: str = field(repr=False)
    attempt: int
    """Counted from 1."""
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Message:
    """A message as it is sent; printed, it shows neither address nor values."""

    delivery_id: UUID
    kind: str
    """Name of identity's ``MessageKind`` without its prefix."""
    language: str
    to: str = field(repr=False)
    values: Mapping[str, str] = field(repr=False)


class NotSent(Exception):
    """A message was not taken. Shows a machine reason, and nothing of the message."""

    def __init__(self, reason: str, *, for_good: bool = False, wait: timedelta | None = None) -> None:
        """Say why.

        Args:
            reason: UPPER_SNAKE_CASE, such as SMTP_450 or PROVIDER_DOWN.
            for_good: the same message would be refused again.
            wait: for how long the other side asked to be spared.
        """
        super().__init__(reason)
        self.reason = reason
        self.for_good = for_good
        self.wait = wait


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt to send."""

    at: datetime
    failure: str
    """A machine reason; empty when it succeeded."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """What may be shown of a message."""

    delivery_id: UUID
    channel: Channel | None
    """None for what was withdrawn before it was asked for."""
    kind: int
    state: State
    requested_at: datetime
    settled_at: datetime | None
    attempts: tuple[Attempt, ...] = ()


def next_due(
    claim: Claim, failure: NotSent, *, now: datetime, jitter: float, most: int = MOST_ATTEMPTS
) -> datetime | None:
    """When a delivery is tried again after a failed attempt; None when it has failed for good.

    The pause doubles with each attempt, and is never shorter than the other side asked for. What would come
    after the message's time is due when that time is over, so that it is settled then.

    Args:
        claim: the attempt.
        failure: why it failed.
        now: when.
        jitter: from 0 to 1: where between half the pause and one and a half, so that what failed together
            does not return together.
        most: attempts at most.
    """
    if failure.for_good or claim.attempt >= most:
        return None
    doubled = _FIRST_PAUSE * (1 << min(claim.attempt - 1, _MOST_DOUBLINGS))
    pause = min(doubled, _LONGEST_PAUSE) * (0.5 + jitter)
    return min(now + max(pause, failure.wait or timedelta()), claim.expires_at)
