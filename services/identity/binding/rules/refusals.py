"""Why a profile may not be bound, as errors that people can act on."""

from __future__ import annotations

from services.identity.binding.rules.matching import (
    BirthDateDiffers,
    NameDiffers,
    SeveralRegistered,
    SnilsDiffers,
    SnilsUnknown,
)
from services.kit.errors import DomainError, StatusCode


class BindingRefused(DomainError):
    """A profile may not be bound, or its binding does not hold; the subclass says why."""

    status = StatusCode.FAILED_PRECONDITION


class SnilsUnknownHere(BindingRefused):
    """No school of the region has registered this SNILS."""

    reason = "SNILS_UNKNOWN"
    title = "No school here has registered this SNILS"


class NamesDiffer(BindingRefused):
    """The full names disagree; the metadata names the part."""

    reason = "NAME_DIFFERS"
    title = "The name at Gosuslugi differs from the one at the school"


class BirthDatesDiffer(BindingRefused):
    """The birth dates disagree."""

    reason = "BIRTH_DATE_DIFFERS"
    title = "The birth date at Gosuslugi differs from the one at the school"


class SnilsesDiffer(BindingRefused):
    """The SNILS of the profile is not the registered person's."""

    reason = "SNILS_DIFFERS"
    title = "The SNILS at Gosuslugi differs from the one at the school"


class SeveralAreRegistered(BindingRefused):
    """Several registered persons claim the SNILS; the schools must settle whose it is."""

    reason = "SEVERAL_REGISTERED"
    title = "Several persons are registered with this SNILS"


class BoundToAnotherProfile(BindingRefused):
    """Another ESIA profile is bound to the account already."""

    status = StatusCode.ALREADY_EXISTS
    reason = "BOUND_TO_ANOTHER_PROFILE"
    title = "Another Gosuslugi profile is bound to this account"


class ProfileBoundElsewhere(BindingRefused):
    """The ESIA profile is bound to another account already (A10)."""

    status = StatusCode.ALREADY_EXISTS
    reason = "PROFILE_BOUND_ELSEWHERE"
    title = "This Gosuslugi profile is bound to another account"


class LevelTooLow(BindingRefused):
    """The ESIA account vouches too little for the person's age; the metadata: level seen and level needed."""

    reason = "LEVEL_TOO_LOW"
    title = "The Gosuslugi account is of too low a level"


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
