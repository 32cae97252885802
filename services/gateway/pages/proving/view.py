"""Showing who one is: by password, code or ESIA, as its pages show it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final
from urllib.parse import parse_qs, urlsplit

from markupsafe import Markup

from services.gateway.pages.proving.qr import qr_svg

_SCHEME: Final = "otpauth://totp/"
_LONGEST: Final = 500


@dataclass(frozen=True, slots=True)
class StepUpView:
    """What the account has to prove with."""

    back: str
    password: bool
    code: bool
    """Whether a code of the second factor goes with the password."""
    esia: bool
    reason: str = ""
    wait: int | None = None
    esia_exit: str = ""
    """Where to leave ESIA first, so that it asks again."""


@dataclass(frozen=True, slots=True)
class FactorView:
    """The page before the second factor: to be proven, or to be enrolled."""

    back: str
    enrolled: bool
    demanded: bool
    reason: str = ""
    wait: int | None = None


@dataclass(frozen=True, slots=True)
class EnrolmentView:
    """The secret for the app, in every way in which an app may take it."""

    back: str
    uri: str = field(repr=False)
    secret: str = field(repr=False)
    """In groups of four, for typing."""
    qr: Markup = field(repr=False)
    reason: str = ""
    wait: int | None = None


def enrolment_view(uri: str, back: str, *, reason: str = "", wait: int | None = None) -> EnrolmentView | None:
    """The page of an enrolment; ``None`` when ``uri`` is no address of a TOTP secret.

    The form carries the address, so that a mistyped code does not cost the drawing: what comes back from a
    browser is looked at again.
    """
    if not uri.startswith(_SCHEME) or len(uri) > _LONGEST:
        return None
    secret = parse_qs(urlsplit(uri).query).get("secret", [""])[0]
    if not secret.isalnum():
        return None
    groups = " ".join(secret[start : start + 4] for start in range(0, len(secret), 4))
    return EnrolmentView(back, uri, groups, qr_svg(uri), reason, wait)
