"""Whose account somebody may block, and what may go wrong."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from services.identity.accounts.rules import AccountState
from services.identity.issuing.rules.people import Candidate, Reach, require_issuer
from services.identity.issuing.rules.refusals import EmployeeAccount, IssuedElsewhere, OwnCredentials
from services.kit.errors import DomainError, StatusCode


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


class BlockedByOperator(DomainError):
    """The operator has shut the account; no school opens it."""

    status = StatusCode.PERMISSION_DENIED
    reason = "BLOCKED_BY_OPERATOR"
    title = "The operator has blocked this account"


class BlockedElsewhere(DomainError):
    """Another school has shut the account; that school opens it, or the operator."""

    status = StatusCode.PERMISSION_DENIED
    reason = "BLOCKED_ELSEWHERE"
    title = "Another school has blocked this account"


@dataclass(frozen=True, slots=True)
class Standing:
    """How an account stands."""

    state: AccountState
    blocking_school_id: UUID | None
    """While blocked: the school that shut it; None: the operator has."""

    def may_be_blocked(self, *, by_operator: bool) -> bool:
        """Whether blocking changes anything. The operator takes over what a school has shut."""
        if self.state is not AccountState.BLOCKED:
            return True
        return by_operator and self.blocking_school_id is not None

    def require_opener(self, school_id: UUID, *, by_operator: bool) -> None:
        """Make sure that whoever has shut it opens it, or the operator.

        Raises:
            BlockedByOperator, BlockedElsewhere: a school would open what it has not shut.
        """
        if by_operator:
            return
        if self.blocking_school_id is None:
            raise BlockedByOperator
        if self.blocking_school_id != school_id:
            raise BlockedElsewhere


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
