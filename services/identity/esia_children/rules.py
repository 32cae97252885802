"""Whether a region asks ESIA for guardians' children, and what becomes of each whom it names."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from services.identity.people.rules import FullName
from services.kit.errors import DomainError, StatusCode

SCOPES: Final = ("kid_fullname", "kid_birthdate", "kid_snils")
"""What ESIA must have granted to the client system for it."""
TIME_TO_FINISH: Final = timedelta(minutes=10)
"""From the press of the button to ESIA's answer (A1)."""
MOST_WAITING: Final = 200
"""Proposals that a school is shown at once."""


class KidsPolicy(StrEnum):
    """What is done with a child whom ESIA names and the register knows."""

    OFF = "off"  # ESIA is not asked
    PROPOSE = "propose"  # the school decides
    CONFIRM = "confirm"  # at once, where the school has registered the guardian as one of its own


class Outcome(StrEnum):
    """What became of a child: the names of `ChildOutcome` without their prefix."""

    ADDED = "ADDED"
    KNOWN = "KNOWN"
    PROPOSED = "PROPOSED"
    NOT_FOUND = "NOT_FOUND"
    ASK_SCHOOL = "ASK_SCHOOL"


class ProposalState(StrEnum):
    """What became of a proposal."""

    WAITING = "WAITING"
    ACCEPTED = "ACCEPTED"
    REFUSED = "REFUSED"


class EsiaChildrenClosed(DomainError):
    """The region does not ask ESIA for children."""

    status = StatusCode.FAILED_PRECONDITION
    reason = "ESIA_CHILDREN_CLOSED"
    title = "Children cannot be found through Gosuslugi here"


class UnknownProposal(DomainError):
    """The school has no such proposal."""

    status = StatusCode.NOT_FOUND
    reason = "UNKNOWN_PROPOSAL"
    title = "There is no such proposal"


class ProposalDecided(DomainError):
    """Something else became of it before."""

    status = StatusCode.FAILED_PRECONDITION
    reason = "PROPOSAL_DECIDED"
    title = "The proposal has been decided already"


@dataclass(frozen=True, slots=True)
class Proposal:
    """A guardian and a pupil, as ESIA has them together."""

    id: UUID
    guardian_id: UUID
    guardian: FullName
    pupil_id: UUID
    pupil: FullName
    school_id: UUID
    state: ProposalState
    proposed_at: datetime


def confirms_at_once(policy: KidsPolicy, *, registered_here: bool, related_before: bool) -> bool:
    """Whether ESIA's word is enough.

    Only together with the school's own: it has registered the guardian as a guardian, and has never ended a
    relation of the two.
    """
    return policy is KidsPolicy.CONFIRM and registered_here and not related_before
