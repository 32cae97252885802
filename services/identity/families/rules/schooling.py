"""Which school looks after a pupil's family."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from services.identity.people.rules import NotTheirSchool
from services.kit.errors import DomainError, StatusCode


class PupilLeft(DomainError):
    """The pupil has left the school: who stands for them is for the school where they study now."""

    status = StatusCode.PERMISSION_DENIED
    reason = "PUPIL_LEFT"
    title = "The pupil has left this school"


@dataclass(frozen=True, slots=True)
class Schooling:
    """Where somebody is a pupil, and was."""

    present: frozenset[UUID]
    former: tuple[UUID, ...]
    """The schools that they have left, the last one first."""

    @property
    def nowhere(self) -> bool:
        """Whether they are a pupil at no school."""
        return not self.present

    def require_charge(self, school_id: UUID, *, lets_in: bool) -> None:
        """Make sure that a school may do something about who stands for the pupil.

        The school where they study decides. Who has left and is nowhere yet is looked after by the school
        that they left last: it takes away and limits, for a court's decision does not wait for the next
        school; whom it let in, nobody would be there to answer for.

        Args:
            school_id: the school.
            lets_in: whether it lets somebody see the pupil's diary, or see it longer.

        Raises:
            NotTheirSchool: they are and were no pupil there.
            PupilLeft: they have left it, as above.
        """
        if school_id in self.present:
            return
        if school_id not in self.former:
            raise NotTheirSchool
        if self.present or lets_in or self.former[0] != school_id:
            raise PupilLeft
