"""Whose account somebody may block, and what may go wrong."""

from __future__ import annotations

from typing import Final

from services.identity.issuing.rules.people import Candidate, Reach, require_issuer
from services.identity.issuing.rules.refusals import EmployeeAccount, IssuedElsewhere, OwnCredentials
from services.kit.errors import DomainError, StatusCode

LONGEST_REASON: Final = 500


class NotInYourHands(DomainError):
    """One's own account, one of somebody with rights elsewhere, or one that another school has issued."""

    status = StatusCode.PERMISSION_DENIED
    reason = "NOT_IN_YOUR_HANDS"
    title = "This account is not in your hands"


class AccountClosed(DomainError):
    """Its person has left it, or nobody consents to it any more: there is nothing to block or open."""

    status = StatusCode.FAILED_PRECONDITION
    reason = "ACCOUNT_CLOSED"
    title = "This account is closed"


def require_in_hands(candidate: Candidate, reach: Reach, *, by_operator: bool) -> None:
    """Make sure that blocking shuts nobody out who is not in the reach of whoever blocks.

    A registrar blocks where they could issue: whoever is shut out by a school can have that school open the
    door again. An operator blocks everybody but themselves.

    Raises:
        NotInYourHands: as above.
    """
    if candidate.person_id == reach.issuer_id:
        raise NotInYourHands
    if by_operator:
        return
    try:
        reach.require_entrusted(candidate)
        require_issuer(candidate)
    except (OwnCredentials, EmployeeAccount, IssuedElsewhere):
        raise NotInYourHands from None
