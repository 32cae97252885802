"""How long a session lives, and what its refresh tokens are.

A refresh token is ``session id ‖ generation ‖ proof`` (16 + 4 + 32 bytes, base64url). The proof is an
HMAC over both and over the session's random seed, so a token of any generation can be told from a forgery
without keeping old ones: the database alone makes no token, and neither does the key alone.
"""

from __future__ import annotations

import base64
import hmac
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Self
from uuid import UUID

from services.identity.people.rules import Role
from services.kit.errors import DomainError, SessionEnded, StatusCode

# Tabs that wake together refresh together: all get the same successor (A20).
GRACE = timedelta(seconds=10)
# The generation of the tokens that a session begins with.
FIRST = 1
# "Was that me?" is asked within weeks.
KEPT_AFTER_END = timedelta(days=90)
_ID_BYTES, _GENERATION_BYTES, _PROOF_BYTES = 16, 4, 32


class Door(StrEnum):
    """By which door a person came in."""

    ESIA = "esia"
    PASSWORD = "password"  # noqa: S105 - the name of a door


class EndReason(StrEnum):
    """Why a session ended before its time."""

    SIGNED_OUT = "signed_out"
    ENDED_ELSEWHERE = "ended_elsewhere"  # by its person, from another session
    REUSED_TOKEN = "reused_token"  # noqa: S105 - a reason
    REPLACED = "replaced"  # by a session with a new id: a step was done, or who it is was shown again
    PROFILE_BOUND = "profile_bound"
    PROFILE_UNBOUND = "profile_unbound"
    PROFILE_DIFFERS = "profile_differs"  # a school has corrected a SNILS: the profile's is another one
    PASSWORD_CHANGED = "password_changed"  # noqa: S105 - a reason
    CREDENTIALS_ISSUED = "credentials_issued"
    ROLE_TAKEN = "role_taken"
    LEFT = "left"  # nothing connects the person with the region any more
    SECOND_FACTOR_REMOVED = "second_factor_removed"
    ACCOUNT_BLOCKED = "account_blocked"
    ERASED = "erased"


class Owed(StrEnum):
    """What a session still owes: the names of `school.access.v1.Pending` without their prefix."""

    NOTHING = "UNSPECIFIED"
    ACTIVATION = "ACTIVATION"
    SECOND_FACTOR = "SECOND_FACTOR"


class UnknownSession(DomainError):
    """The caller has no such session; also when it is somebody else's (A34)."""

    status = StatusCode.NOT_FOUND
    reason = "UNKNOWN_SESSION"
    title = "You have no such session"


class RoleNotHeld(DomainError):
    """The caller does not hold the role they want to act in."""

    status = StatusCode.PERMISSION_DENIED
    reason = "ROLE_NOT_HELD"
    title = "You do not hold this role"


class NoPassword(DomainError):
    """The account has no password; ESIA shows who its person is."""

    status = StatusCode.FAILED_PRECONDITION
    reason = "NO_PASSWORD"
    title = "This account has no password, use Gosuslugi"


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a session lives."""

    idle: timedelta
    """Without a refresh."""
    absolute: timedelta
    """In any case; then the person signs in again."""

    def idle_end(self, now: datetime, absolute_end: datetime) -> datetime:
        """When a session refreshed now ends if nobody refreshes it."""
        return min(now + self.idle, absolute_end)


# Who holds none of the others is of a family.
_FAMILY = frozenset({Role.PUPIL, Role.GUARDIAN})


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """How long sessions live: those of families, and those of staff, whose rights reach further."""

    family: Limits
    staff: Limits

    def of(self, roles: frozenset[Role]) -> Limits:
        """The limits of a person: of several roles, the strictest counts."""
        if roles <= _FAMILY:
            return self.family
        return Limits(min(self.family.idle, self.staff.idle), min(self.family.absolute, self.staff.absolute))


@dataclass(frozen=True, slots=True)
class Standing:
    """What decides about a session beside its age: the person's roles, and what their account has."""

    roles: frozenset[Role]
    activated: bool
    enrolled: bool
    """A second factor."""


def owed(
    door: Door, standing: Standing, *, second_factor_at: datetime | None, demanding: frozenset[Role]
) -> Owed:
    """What a session owes now (R8).

    ESIA's door owes nothing: it has a second factor of its own, and a binding activates.

    Args:
        door: by which it began.
        standing: of its person.
        second_factor_at: when a code was given in it.
        demanding: the roles that demand a second factor.
    """
    if door is Door.ESIA:
        return Owed.NOTHING
    if not standing.activated:
        return Owed.ACTIVATION
    needed = standing.enrolled or not standing.roles.isdisjoint(demanding)
    return Owed.SECOND_FACTOR if needed and second_factor_at is None else Owed.NOTHING


def acting(roles: frozenset[Role], chosen: Role | None) -> frozenset[Role]:
    """The roles that a session's tokens carry: the chosen one, or all; a lost one is as if not chosen."""
    return frozenset({chosen}) if chosen in roles else roles


# As the IANA database spells them; the device says it, and the person reads it.
_ZONE = re.compile(r"[A-Za-z]+(?:[/_+-][A-Za-z0-9]+)*")
_LONGEST_ZONE = 40


def plain_zone(told: str) -> str:
    """The name of a time zone as a device tells it; empty for what cannot be one."""
    return told if len(told) <= _LONGEST_ZONE and _ZONE.fullmatch(told) else ""


@dataclass(frozen=True, slots=True)
class RefreshToken:
    """A refresh token taken apart; whether its proof holds is for the keeper of the key to say."""

    session_id: UUID
    generation: int
    proof: bytes

    @classmethod
    def parse(cls, text: str) -> Self:
        """Take a token apart. Raises `SessionEnded` for what cannot be one."""
        try:
            raw = base64.b64decode(text.encode("ascii"), altchars=b"-_", validate=True)
        except ValueError:
            raise SessionEnded from None
        if len(raw) != _ID_BYTES + _GENERATION_BYTES + _PROOF_BYTES:
            raise SessionEnded
        generation = int.from_bytes(raw[_ID_BYTES : _ID_BYTES + _GENERATION_BYTES], "big")
        return cls(UUID(bytes=raw[:_ID_BYTES]), generation, raw[_ID_BYTES + _GENERATION_BYTES :])

    def __str__(self) -> str:
        generation = self.generation.to_bytes(_GENERATION_BYTES, "big")
        return base64.urlsafe_b64encode(self.session_id.bytes + generation + self.proof).decode()

    def __repr__(self) -> str:
        return "RefreshToken(***)"

    def proven_by(self, proof: bytes) -> bool:
        """Whether ``proof``, computed by the keeper of the key, is the token's own."""
        return hmac.compare_digest(self.proof, proof)


class Use(StrEnum):
    """What showing a genuine token of some generation means."""

    ROTATES = "rotates"
    REPEATS = "repeats"  # within the grace: the same successor again
    BETRAYS = "betrays"  # somebody else holds a copy


def use_of(shown: int, *, present: int, rotated_at: datetime, now: datetime) -> Use:
    """What a token of generation ``shown`` means while ``present`` is the last one given out."""
    if shown == present:
        return Use.ROTATES
    if shown == present - 1 and now - rotated_at <= GRACE:
        return Use.REPEATS
    return Use.BETRAYS


def replaced_lately(ended_at: datetime, now: datetime) -> bool:
    """Whether a token of a replaced session may come from a tab that does not know yet; later it betrays."""
    return now - ended_at <= GRACE


def begun_lately(began_at: datetime, *, generation: int, now: datetime) -> bool:
    """Whether the first tokens of a session may not have arrived yet; once renewed, they have (A9)."""
    return generation == FIRST and now - began_at <= GRACE


def proof_message(session_id: UUID, generation: int, seed: bytes) -> bytes:
    """What the proof of a refresh token is computed over."""
    return b"refresh\0" + session_id.bytes + generation.to_bytes(_GENERATION_BYTES, "big") + seed
