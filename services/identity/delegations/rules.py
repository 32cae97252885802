"""Whom a family may let see a child, what of it, and for how long."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from enum import IntEnum, StrEnum
from typing import Final
from uuid import UUID

from services.identity.people.rules import FullName
from services.kit.errors import DomainError, StatusCode

SEES_FROM: Final = 14
"""Full years from which a pupil sees whom their guardians trust."""
OWN_FROM: Final = 18
"""Full years from which a pupil decides, and nobody else."""
ANSWER_WITHIN: Final = timedelta(days=7)
"""So long an invitation waits: grandparents do not read letters every day."""
MOST_PER_PUPIL: Final = 10
"""Delegations and open invitations of a child at once: a family is smaller, and reads a list no longer."""
MOST_PER_DAY: Final = 10
"""Invitations of one person in a day: nobody's letterbox is filled from here, nor logins tried out."""
KEPT_IN_SIGHT: Final = timedelta(days=365)
"""Ended delegations are listed for so long."""


class Scope(IntEnum):
    """A part of the diary; the numbers are those of `school.access.v1.Scope`."""

    MARKS = 1
    HOMEWORK = 2
    ATTENDANCE = 3


class State(StrEnum):
    """How a delegation stands: the names of `school.identity.v1.DelegationState` without their prefix."""

    INVITED = "INVITED"
    HOLDS = "HOLDS"
    UNANSWERED = "UNANSWERED"
    REFUSED = "REFUSED"
    WITHDRAWN = "WITHDRAWN"
    LEFT = "LEFT"
    EXPIRED = "EXPIRED"
    LAPSED = "LAPSED"


# How somebody ends a delegation; the other states follow from its days.
ENDINGS: Final = frozenset({State.REFUSED, State.WITHDRAWN, State.LEFT, State.LAPSED})


class BadScopes(DomainError):
    """No part of the diary is named, or one that there is not."""

    status = StatusCode.INVALID_ARGUMENT
    reason = "BAD_SCOPES"
    title = "Say what the trusted person may see"


class BadTrustTerm(DomainError):
    """The last day is past, or later than may be granted; the metadata names the latest."""

    status = StatusCode.INVALID_ARGUMENT
    reason = "BAD_TRUST_TERM"
    title = "The last day is past, or later than you may grant"

    def __init__(self, latest: date) -> None:
        super().__init__(latest=latest.isoformat())


class BadInvitee(DomainError):
    """Neither an address nor a login that could be one."""

    status = StatusCode.INVALID_ARGUMENT
    reason = "BAD_INVITEE"
    title = "Say whom you invite, by e-mail or login"


class TooManyDelegations(DomainError):
    """As many are let see the pupil, or invited to, as may be."""

    status = StatusCode.FAILED_PRECONDITION
    reason = "TOO_MANY_DELEGATIONS"
    title = "As many as may be are let see this pupil"


class TooManyInvitations(DomainError):
    """The caller has invited too often today."""

    status = StatusCode.RESOURCE_EXHAUSTED
    reason = "TOO_MANY_INVITATIONS"
    title = "Too many invitations today"


class UnknownDelegation(DomainError):
    """There is no such delegation, or it does not concern the caller."""

    status = StatusCode.NOT_FOUND
    reason = "UNKNOWN_DELEGATION"
    title = "There is no such delegation"


class InvitationUnknown(DomainError):
    """No such invitation waits for the caller: which of the reasons it is is not told."""

    status = StatusCode.NOT_FOUND
    reason = "INVITATION_UNKNOWN"
    title = "This invitation no longer holds"


class SeesAlready(DomainError):
    """The caller is the pupil or stands for them: there is nothing to let them see."""

    status = StatusCode.FAILED_PRECONDITION
    reason = "SEES_ALREADY"
    title = "You see this diary already"


def birthday(born: date, years: int) -> date:
    """The day on which somebody has so many full years; born on 29 February, on 1 March in common years."""
    try:
        return born.replace(year=born.year + years)
    except ValueError:
        return date(born.year + years, 3, 1)


@dataclass(frozen=True, slots=True)
class Right:
    """By what somebody may decide about a pupil's trusted persons."""

    relation_id: UUID | None
    """The guardian's relation; None: the pupil's own right."""
    latest: date
    """The last day on which it holds, as far as is known."""
    grants: bool
    """Whether it is enough to invite and to end; else only to see."""


def right_of_pupil(born: date, today: date) -> Right | None:
    """A pupil's own right: none below 14, from then on to see, from 18 on to decide.

    From 14 to 18 a pupil sees whom the guardians trust and when they looked, and ends nothing: who watches
    over a teenager's marks is not for the teenager to choose (R40).
    """
    if today < birthday(born, SEES_FROM):
        return None
    return Right(None, date.max, grants=today >= birthday(born, OWN_FROM))


def right_of_guardian(
    relation_id: UUID, born: date, valid_from: date, valid_until: date | None, today: date
) -> Right | None:
    """The right of a relation that nobody has ended; none outside its days, and none from 18 on."""
    grown_up = birthday(born, OWN_FROM)
    latest = min(valid_until or date.max, grown_up - timedelta(days=1))
    if not valid_from <= today <= latest:
        return None
    return Right(relation_id, latest, grants=True)


def latest_until(right: Right, today: date) -> date:
    """The latest last day that may be granted: within a year, and within the right itself (A30)."""
    return min(right.latest, birthday(today, 1))


def require_term(until: date, right: Right, today: date) -> None:
    """Raises `BadTrustTerm` for a last day that is past or that the right does not cover."""
    latest = latest_until(right, today)
    if not today <= until <= latest:
        raise BadTrustTerm(latest)


def scopes_of(numbers: Iterable[int]) -> frozenset[Scope]:
    """The scopes of a request. Raises `BadScopes` when none is named, or one that there is not."""
    try:
        scopes = frozenset(Scope(number) for number in numbers)
    except ValueError:
        raise BadScopes from None
    if not scopes:
        raise BadScopes
    return scopes


@dataclass(frozen=True, slots=True)
class Delegation:
    """An invitation, and what became of it."""

    id: UUID
    pupil_id: UUID
    grantor_id: UUID
    relation_id: UUID | None
    """The grantor's relation; None when the pupil granted it."""
    scopes: frozenset[Scope]
    valid_until: date
    invited_at: datetime
    answer_by: datetime
    invitee: str = field(repr=False, default="")
    """The address or login as the grantor wrote it."""
    trusted_id: UUID | None = None
    """Who accepted it, or whose login was invited."""
    message_id: UUID | None = None
    """The letter with the link."""
    accepted_at: datetime | None = None
    ended_at: datetime | None = None
    ended_as: State | None = None
    version: int = 0
    """Of its events: 0 while there are none."""

    def state(self, now: datetime, today: date, *, right_holds: bool) -> State:
        """How it stands.

        Args:
            now: the present instant.
            today: the present day, by which relations are judged.
            right_holds: whether the relation it was granted by still holds; true for a pupil's own.
        """
        if self.ended_as is not None:
            return self.ended_as
        if today > self.valid_until:
            return State.UNANSWERED if self.accepted_at is None else State.EXPIRED
        if not right_holds:
            return State.LAPSED
        if self.accepted_at is not None:
            return State.HOLDS
        return State.INVITED if now < self.answer_by else State.UNANSWERED

    def accepted(self, trusted_id: UUID, now: datetime) -> Delegation:
        """As it is once somebody has accepted it: their name tells who it is, the address is forgotten."""
        return replace(self, trusted_id=trusted_id, accepted_at=now, invitee="", message_id=None, version=1)

    def ended(self, how: State, now: datetime) -> Delegation:
        """As it is once somebody has ended it; the version tells of it only when it was told at all."""
        if how not in ENDINGS:
            raise ValueError(f"nobody ends a delegation as {how}")
        version = self.version + 1 if self.accepted_at is not None else 0
        return replace(self, ended_at=now, ended_as=how, message_id=None, version=version)


def hint_of(name: FullName) -> str:
    """What an invited stranger may learn of a child: "Пётр К."."""
    return f"{name.given_name} {name.surname[:1]}."
