"""Why a profile may not be bound, as errors that people can act on."""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar

from services.identity.binding.rules.matching import (
    BirthDateDiffers,
    NameDiffers,
    SeveralRegistered,
    SnilsDiffers,
    SnilsUnknown,
)
from services.kit.errors import DomainError, StatusCode


class NextStep(StrEnum):
    """What leads on from a refusal: the words of the contract."""

    ASK_SCHOOL = "ask_school"
    CORRECT_DATA = "correct_data"  # at the school, or at ESIA, wherever the mistake is
    ACTIVATE = "activate"
    RAISE_LEVEL = "raise_level"
    OWN_PROFILE = "own_profile"  # somebody else's may be open in the browser
    UNBIND = "unbind"
    BEGIN_AGAIN = "begin_again"
    RESTORE_PROFILE = "restore_profile"


class BindingRefused(DomainError):
    """A profile may not be bound, or its binding does not hold; the subclass says why."""

    status = StatusCode.FAILED_PRECONDITION
    next_step: ClassVar[NextStep]
    """Told in the metadata, beside what they say of the reason itself."""

    def __init__(self, **metadata: str) -> None:
        super().__init__(**metadata, next_step=self.next_step)
        self.told = tuple(metadata.values())
        """What the metadata say of the reason itself."""


class SnilsUnknownHere(BindingRefused):
    """No school of the region has registered this SNILS."""

    reason = "SNILS_UNKNOWN"
    title = "No school here has registered this SNILS"
    next_step = NextStep.ASK_SCHOOL


class NamesDiffer(BindingRefused):
    """The full names disagree; the metadata names the part."""

    reason = "NAME_DIFFERS"
    title = "The name at Gosuslugi differs from the one at the school"
    next_step = NextStep.CORRECT_DATA


class BirthDatesDiffer(BindingRefused):
    """The birth dates disagree."""

    reason = "BIRTH_DATE_DIFFERS"
    title = "The birth date at Gosuslugi differs from the one at the school"
    next_step = NextStep.CORRECT_DATA


class SnilsesDiffer(BindingRefused):
    """The SNILS of the profile is not the registered person's."""

    reason = "SNILS_DIFFERS"
    title = "The SNILS at Gosuslugi differs from the one at the school"
    next_step = NextStep.OWN_PROFILE


class SeveralAreRegistered(BindingRefused):
    """Several registered persons claim the SNILS; the schools must settle whose it is."""

    reason = "SEVERAL_REGISTERED"
    title = "Several persons are registered with this SNILS"
    next_step = NextStep.ASK_SCHOOL


class BoundToAnotherProfile(BindingRefused):
    """Another ESIA profile is bound to the account already."""

    status = StatusCode.ALREADY_EXISTS
    reason = "BOUND_TO_ANOTHER_PROFILE"
    title = "Another Gosuslugi profile is bound to this account"
    next_step = NextStep.UNBIND


class ProfileBoundElsewhere(BindingRefused):
    """The ESIA profile is bound to another account already (A10)."""

    status = StatusCode.ALREADY_EXISTS
    reason = "PROFILE_BOUND_ELSEWHERE"
    title = "This Gosuslugi profile is bound to another account"
    next_step = NextStep.OWN_PROFILE


class LevelTooLow(BindingRefused):
    """The ESIA account vouches too little for the person's age; the metadata: level seen and level needed."""

    reason = "LEVEL_TOO_LOW"
    title = "The Gosuslugi account is of too low a level"
    next_step = NextStep.RAISE_LEVEL


class AccountNotActivated(BindingRefused):
    """The password is the temporary one of a slip: first the account is activated, then it is bound (R4)."""

    reason = "ACCOUNT_NOT_ACTIVATED"
    title = "The account has not been activated yet"
    next_step = NextStep.ACTIVATE


class ProfileClosed(BindingRefused):
    """ESIA no longer counts the profile as registered."""

    reason = "ESIA_PROFILE_CLOSED"
    title = "This Gosuslugi profile is closed"
    next_step = NextStep.RESTORE_PROFILE


class RegionDiffers(BindingRefused):
    """The sign-in was begun in another region (A31)."""

    reason = "REGION_DIFFERS"
    title = "This sign-in was begun in another region"
    next_step = NextStep.BEGIN_AGAIN


class NotBound(DomainError):
    """No ESIA profile is bound to the caller's account."""

    status = StatusCode.NOT_FOUND
    reason = "NOT_BOUND"
    title = "No Gosuslugi profile is bound to this account"


def refusal_of(
    verdict: SnilsUnknown | SeveralRegistered | SnilsDiffers | NameDiffers | BirthDateDiffers,
) -> BindingRefused:
    """The error that tells a person of a verdict."""
    match verdict:
        case SnilsUnknown():
            return SnilsUnknownHere()
        case SeveralRegistered():
            return SeveralAreRegistered()
        case SnilsDiffers():
            return SnilsesDiffer()
        case NameDiffers(part=part):
            return NamesDiffer(part=part.value)
        case BirthDateDiffers():
            return BirthDatesDiffer()
