"""How long a session lives, and what its refresh tokens are.

A refresh token is ``session id ‖ generation ‖ proof`` (16 + 4 + 32 bytes, base64url). The proof is an
HMAC over both and over the session's random seed, so a token of any generation can be told from a forgery
without keeping old ones: the database alone makes no token, and neither does the key alone.
"""

from __future__ import annotations

import base64
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Self
from uuid import UUID

from services.kit.errors import DomainError, StatusCode

# Tabs that wake together refresh together: all get the same successor (A20).
GRACE = timedelta(seconds=10)
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
    REUSED_TOKEN = "reused_token"  # noqa: S105 - a reason
    PROFILE_BOUND = "profile_bound"


class SessionEnded(DomainError):
    """The session is over, or the refresh token never was one of ours."""

    status = StatusCode.UNAUTHENTICATED
    reason = "SESSION_ENDED"
    title = "The session is over, sign in again"


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """How long a session lives."""

    idle: timedelta
    """Without a refresh."""
    absolute: timedelta
    """In any case; then the person signs in again."""

    def idle_end(self, now: datetime, absolute_end: datetime) -> datetime:
        """When a session refreshed now ends if nobody refreshes it."""
        return min(now + self.idle, absolute_end)


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


def proof_message(session_id: UUID, generation: int, seed: bytes) -> bytes:
    """What the proof of a refresh token is computed over."""
    return b"refresh\0" + session_id.bytes + generation.to_bytes(_GENERATION_BYTES, "big") + seed
