"""What may go wrong on the way through ESIA."""

from __future__ import annotations

from datetime import timedelta

from services.kit.errors import DomainError, StatusCode

# For all that ESIA is asked in one step: whoever waits is to be told before the gateway gives up, after 5 s.
TIME_FOR_ESIA = timedelta(seconds=4.5)


class EsiaRefused(DomainError):
    """The person refused consent at ESIA."""

    status = StatusCode.PERMISSION_DENIED
    reason = "ESIA_REFUSED"
    title = "Consent was refused at Gosuslugi"


class EsiaCodeRefused(DomainError):
    """ESIA does not accept the code."""

    status = StatusCode.PERMISSION_DENIED
    reason = "ESIA_CODE_REFUSED"
    title = "Gosuslugi does not accept this sign-in, begin again"


class EsiaDown(DomainError):
    """ESIA does not answer, or not as it should, or our request cannot be signed."""

    status = StatusCode.UNAVAILABLE
    reason = "ESIA_UNAVAILABLE"
    title = "Gosuslugi does not answer right now"


class EsiaProofTooOld(DomainError):
    """A step-up came back without the person being asked; the metadata says where to sign out at ESIA."""

    status = StatusCode.FAILED_PRECONDITION
    reason = "ESIA_PROOF_TOO_OLD"
    title = "Sign in at Gosuslugi anew"


class EsiaLevelTooLow(DomainError):
    """The region admits confirmed ESIA accounts only."""

    status = StatusCode.PERMISSION_DENIED
    reason = "ESIA_NOT_CONFIRMED"
    title = "Confirm the Gosuslugi account first"
