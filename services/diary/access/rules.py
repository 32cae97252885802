"""Who may see a pupil: the pupil, and a guardian whose relation holds. Nobody else."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
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


def may_see(
    caller_id: UUID, pupil_id: UUID, *, is_pupil: bool, relations: Iterable[Relation], on: date
) -> bool:
    """Whether the caller may see the pupil's diary.

    Args:
        caller_id: who asks.
        pupil_id: about whom.
        is_pupil: whether ``pupil_id`` is known to be a pupil; who is none has no diary to see.
        relations: of the caller as guardian to this pupil.
        on: today, in the zone of the pupil's school.
    """
    return (caller_id == pupil_id and is_pupil) or any(relation.holds_on(on) for relation in relations)


def name_order(display_name: str) -> tuple[str, str]:
    """A sort key for people's names as Russian lists have them: ``ё`` beside ``е``, case does not count."""
    folded = display_name.casefold()
    return folded.replace("ё", "е"), folded
