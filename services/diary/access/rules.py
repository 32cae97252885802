"""Who sees what of a pupil: the pupil and guardians everything, trusted persons parts, others nothing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import Enum, IntEnum
from typing import Final
from uuid import UUID

from services.kit.errors import DomainError, StatusCode


class NotTheirPupil(DomainError):
    """The caller may not see the pupil, or there is none: which of both is not told."""

    status = StatusCode.PERMISSION_DENIED
    reason = "NOT_THEIR_PUPIL"
    title = "You may not see this pupil's diary"


class AccessStale(DomainError):
    """Whether a relation still holds cannot be told: the copy of them has not been complete for too long."""

    status = StatusCode.UNAVAILABLE
    reason = "ACCESS_STALE"
    title = "Who may see this diary cannot be checked just now, try again in a minute"


class Scope(IntEnum):
    """A part of the diary; the numbers are those of `school.access.v1.Scope`."""

    MARKS = 1
    HOMEWORK = 2
    ATTENDANCE = 3


EVERYTHING: Final = frozenset(Scope)
_NUMBERS: Final = frozenset(int(scope) for scope in Scope)


class Why(Enum):
    """By what right somebody sees a pupil."""

    SELF = "self"
    GUARDIAN = "guardian"
    TRUSTED = "trusted"


@dataclass(frozen=True, slots=True)
class Relation:
    """When a guardian stands for a pupil."""

    valid_from: date | None
    """The first day; None when it was never told: then the relation does not hold."""
    valid_until: date | None
    """The last day; None when no end is set."""
    ended: bool = False
    """Over, whatever its days say."""

    def holds_on(self, day: date) -> bool:
        """Whether the guardian stands for the pupil on ``day``."""
        return (
            not self.ended
            and self.valid_from is not None
            and self.valid_from <= day
            and (self.valid_until is None or day <= self.valid_until)
        )


@dataclass(frozen=True, slots=True)
class Delegation:
    """When, and in which parts, a trusted person may see a pupil."""

    scopes: frozenset[Scope]
    valid_from: date | None
    """The first day; None when it was never told: then the delegation does not hold."""
    valid_until: date | None
    """The last day; None when it was never told: then the delegation does not hold."""
    ended: bool
    by: Relation | None
    """The guardian's relation that it was granted by; None while it was never told."""
    by_pupil: bool
    """Granted by the pupil, and by no relation."""

    def holds_on(self, day: date) -> bool:
        """Whether the trusted person sees anything on ``day``: not without the right it came from (A30)."""
        return (
            not self.ended
            and self.valid_from is not None
            and self.valid_until is not None
            and self.valid_from <= day <= self.valid_until
            and (self.by_pupil or (self.by is not None and self.by.holds_on(day)))
        )


@dataclass(frozen=True, slots=True)
class Sight:
    """What somebody sees of a pupil, and why."""

    why: Why
    scopes: frozenset[Scope] = EVERYTHING
    until: date | None = None
    """Of a trusted person: the last day on which any of it is seen."""

    def and_also(self, other: Sight) -> Sight:
        """Both together: family sees everything, whatever else they are trusted with."""
        if self.why is not Why.TRUSTED or other.why is not Why.TRUSTED:
            return self if self.why is not Why.TRUSTED else other
        days = [sight.until for sight in (self, other) if sight.until is not None]
        return Sight(Why.TRUSTED, self.scopes | other.scopes, max(days, default=None))


_OWN: Final = Sight(Why.SELF)
_CHILD: Final = Sight(Why.GUARDIAN)


def family_sight(
    caller_id: UUID, pupil_id: UUID, *, is_pupil: bool, relations: Iterable[Relation], on: date
) -> Sight | None:
    """What the pupil and their guardians see: everything; None for anybody else.

    Args:
        caller_id: who asks.
        pupil_id: about whom.
        is_pupil: whether ``pupil_id`` is known to be a pupil; who is none has no diary to see.
        relations: of the caller as guardian to this pupil.
        on: today, in the zone of the pupil's school.
    """
    if caller_id == pupil_id and is_pupil:
        return _OWN
    return _CHILD if any(relation.holds_on(on) for relation in relations) else None


def trusted_sight(delegations: Iterable[Delegation], on: date) -> Sight | None:
    """What the delegations to a caller show together today; None when they show nothing."""
    seen: Sight | None = None
    for one in delegations:
        if one.scopes and one.holds_on(on):
            sight = Sight(Why.TRUSTED, one.scopes, one.valid_until)
            seen = sight if seen is None else seen.and_also(sight)
    return seen


def known_scopes(numbers: Iterable[int]) -> frozenset[Scope]:
    """The scopes among numbers of the contract: one that is not known here shows nothing."""
    return frozenset(Scope(number) for number in numbers if number in _NUMBERS)


def name_order(display_name: str) -> tuple[str, str]:
    """A sort key for people's names as Russian lists have them: ``ё`` beside ``е``, case does not count."""
    folded = display_name.casefold()
    return folded.replace("ё", "е"), folded
