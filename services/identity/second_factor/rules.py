"""The second factor: codes that change every half minute (RFC 6238), and what may go wrong with them."""

from __future__ import annotations

import secrets
from datetime import timedelta

from services.identity.people.rules import Role
from services.kit.errors import DomainError, StatusCode

STEP_S = 30
# A phone's clock may be off: a code of the half minute before and after is taken as well (A27).
STEPS_ASIDE = 1
RECOVERY_CODES = 10
TIME_TO_ENROL = timedelta(minutes=30)
"""So long after the password a factor can be enrolled by which the session becomes whole."""
# Without letters and digits that are read for each other; 31 of them, so ten make 49 bits.
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
_RECOVERY_LENGTH = 10
_LONGEST_TYPED = 64

DEMANDING = frozenset({Role.REGISTRAR, Role.SCHOOL_ADMINISTRATOR, Role.AUTHORITY, Role.OPERATOR})
"""Whose password door asks for a second factor unless the operator says otherwise."""


class WrongCode(DomainError):
    """The code is not the present one, was used before, or is no unused recovery code."""

    status = StatusCode.INVALID_ARGUMENT
    reason = "WRONG_CODE"
    title = "The code is wrong or was used already"


class SecondFactorPresent(DomainError):
    """A second factor is enrolled; it must be removed before another one."""

    status = StatusCode.FAILED_PRECONDITION
    reason = "SECOND_FACTOR_PRESENT"
    title = "A second factor is enrolled already"


class NoSecondFactor(DomainError):
    """No second factor is enrolled."""

    status = StatusCode.FAILED_PRECONDITION
    reason = "NO_SECOND_FACTOR"
    title = "No second factor is enrolled"


class NoEnrolment(DomainError):
    """No enrolment was begun, or another one was begun meanwhile."""

    status = StatusCode.FAILED_PRECONDITION
    reason = "NO_ENROLMENT"
    title = "Begin to enrol the second factor first"


class SecondFactorDemanded(DomainError):
    """A role of the person demands a second factor."""

    status = StatusCode.FAILED_PRECONDITION
    reason = "SECOND_FACTOR_DEMANDED"
    title = "Your role demands a second factor"


def typed(code: str) -> str:
    """A code as it is compared: spaces, hyphens and case make no difference; empty for what cannot be one."""
    if len(code) > _LONGEST_TYPED:
        return ""
    return "".join(letter for letter in code.casefold() if letter not in " -\u00a0\t")


def is_app_code(code: str) -> bool:
    """Whether a typed code has the form of an app's: six digits."""
    return len(code) == 6 and code.isascii() and code.isdigit()


def is_recovery_code(code: str) -> bool:
    """Whether a typed code has the form of a recovery code."""
    return len(code) == _RECOVERY_LENGTH and set(code) <= set(_ALPHABET)


def new_recovery_codes() -> list[str]:
    """Ten new codes as a person writes them down: ``abcde-fgh23``."""
    half = _RECOVERY_LENGTH // 2
    codes = [
        "".join(secrets.choice(_ALPHABET) for _ in range(_RECOVERY_LENGTH)) for _ in range(RECOVERY_CODES)
    ]
    return [f"{code[:half]}-{code[half:]}" for code in codes]
