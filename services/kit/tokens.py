"""Access tokens: short ES256 JWTs (RFC 7519, 7518, hardened as in RFC 8725); one service issues, all verify.

The key set on disk is a JWK set (RFC 7517). The issuer holds the private one, whose first key signs; every
verifier holds the public one and reads it again when the file changes, so keys rotate without a restart.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from jose import jwk, jwt
from jose.backends.base import Key
from jose.exceptions import ExpiredSignatureError, JOSEError, JWTError

from school.access.v1.policy_pb2 import Pending, Role
from services.kit.caller import LONG_AGO, Caller
from services.kit.clock import Clock
from services.kit.errors import SessionEnded, TokenExpired, TokenRefused
from services.kit.revocation import EndedSessions

ALGORITHM = "ES256"
# Clocks of one region's servers may differ a little; RFC 8725 leaves the figure to us, A27 caps it at 60 s.
LEEWAY = timedelta(seconds=10)
# A token verified once is remembered until it expires; the bound keeps memory flat under a flood of tokens.
REMEMBERED = 20_000
# A token with every role is below 1 kB. The library passes over padding that RFC 7515 does not have; a longer
# and longer spelling of one good token would fill the memory of verified ones, and fit into no gRPC header.
_LONGEST = 2048
SPELLING = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
# How soon a key that was taken away stops being trusted; one `stat` a second costs nothing.
LOOK_AGAIN = timedelta(seconds=1)


def audience(region: str) -> str:
    """Whom a token of a region is for; a token of another region is refused everywhere (A31)."""
    return f"diary-mesh/{region}"


def issuer_of(region: str) -> str:
    """Who signs the tokens of a region; a token signed by anybody else is refused."""
    return f"{audience(region)}/identity"


class TokenIssuer:
    """Signs access tokens."""

    def __init__(
        self, private_keys: Path, *, issuer: str, region: str, lifetime: timedelta, clock: Clock
    ) -> None:
        """Read the private JWK set. Raises `ValueError` when it holds no ES256 key."""
        keys = [key for key in _read(private_keys) if key.get("d")]
        if not keys:
            raise ValueError(f"{private_keys} holds no private ES256 key")
        self._kid = str(keys[0]["kid"])
        self._key = jwk.construct(keys[0], ALGORITHM)
        self._issuer = issuer
        self._region = region
        self._lifetime = lifetime
        self._clock = clock

    def issue(
        self,
        *,
        person_id: UUID,
        account_id: UUID,
        session_id: UUID,
        roles: frozenset[Role.ValueType],
        pending: Pending.ValueType = Pending.PENDING_UNSPECIFIED,
        authenticated_at: datetime | None = None,
        until: datetime | None = None,
    ) -> tuple[str, datetime]:
        """A token for one person's session, and when it expires.

        Args:
            person_id: who.
            account_id: by which account.
            session_id: in which session.
            roles: what they are here, as far as they act in it.
            pending: what the session still owes.
            authenticated_at: when they last showed who they are; None says nothing, and opens no RPC that
                asks for it.
            until: when the session ends in any case: no token of it is good for longer.
        """
        now = self._clock.now()
        expires = min(now + self._lifetime, until or datetime.max.replace(tzinfo=UTC))
        claims = {
            "iss": self._issuer,
            "aud": audience(self._region),
            "sub": str(account_id),
            "pid": str(person_id),
            "sid": str(session_id),
            "roles": sorted(Role.Name(role) for role in roles),
            "region": self._region,
            "iat": int(now.timestamp()),
            "exp": int(expires.timestamp()),
            "jti": uuid4().hex,
        }
        if pending:
            claims["pending"] = Pending.Name(pending)
        if authenticated_at is not None:
            claims["auth_time"] = int(authenticated_at.timestamp())
        token = jwt.encode(claims, self._key, algorithm=ALGORITHM, headers={"kid": self._kid})
        return token, expires


@dataclass(frozen=True, slots=True)
class Verified:
    """A token that was found good, and until when it is."""

    caller: Caller
    issued_at: datetime
    expires_at: datetime


class TokenVerifier:
    """Verifies access tokens against the public keys on disk."""

    def __init__(
        self,
        public_keys: Path,
        *,
        issuer: str,
        region: str,
        clock: Clock,
        ended: EndedSessions | None = None,
    ) -> None:
        """Read the public JWK set; tokens of ``ended`` sessions are refused.

        Raises `ValueError` when the file is not one.
        """
        self._file = public_keys
        self._ended = EndedSessions(clock) if ended is None else ended
        self._issuer = issuer
        self._region = region
        self._clock = clock
        self._keys: dict[str, Key] = {}
        self._version: tuple[int, int] | None = None
        self._looked_at = clock.now()
        self._remembered: dict[str, Verified] = {}
        self._reload_if_changed()

    def now(self) -> datetime:
        """The instant by which tokens are judged here."""
        return self._clock.now()

    def verify(self, token: str) -> Verified:
        """Whose token it is. Raises `TokenExpired`, `TokenRefused`, or `SessionEnded` for a good one."""
        now = self._clock.now()
        if now - self._looked_at >= LOOK_AGAIN:
            self._looked_at = now
            self._reload_if_changed()
        remembered = self._remembered.get(token)
        if remembered is not None:
            if now < remembered.expires_at + LEEWAY:
                self._require_going_on(remembered)
                return remembered
            del self._remembered[token]
            raise TokenExpired
        verified = self._verify(token, now)
        if len(self._remembered) >= REMEMBERED:
            self._remembered.clear()
        self._remembered[token] = verified
        self._require_going_on(verified)
        return verified

    def _require_going_on(self, verified: Verified) -> None:
        end = self._ended.get(verified.caller.session_id)
        if end is not None:
            raise SessionEnded(replaced="true") if end.replaced else SessionEnded()
        distrusted = self._ended.distrusted_before
        if distrusted is not None and verified.issued_at < distrusted:
            raise TokenExpired

    def _verify(self, token: str, now: datetime) -> Verified:
        if len(token) > _LONGEST or not SPELLING.fullmatch(token):
            raise TokenRefused
        try:
            header = jwt.get_unverified_header(token)
            key = self._key(str(header.get("kid")))
            claims = jwt.decode(
                token,
                key,
                algorithms=[ALGORITHM],
                audience=audience(self._region),
                issuer=self._issuer,
                # Time is checked below by our own clock, and `exp` is asked for there: python-jose would take
                # "require_exp" for "check it by the machine's clock, without leeway".
                options={"verify_exp": False, "verify_iat": False, "require_sub": True},
            )
            issued, expires = (datetime.fromtimestamp(claims[name], tz=now.tzinfo) for name in ("iat", "exp"))
            verified = Verified(_caller(claims), issued, expires)
        except ExpiredSignatureError as expired:
            raise TokenExpired from expired
        except (JWTError, JOSEError, KeyError, TypeError, ValueError, OverflowError) as wrong:
            raise TokenRefused from wrong
        if now >= verified.expires_at + LEEWAY:
            raise TokenExpired
        if now < issued - LEEWAY or verified.caller.region != self._region:
            raise TokenRefused
        return verified

    def _key(self, kid: str) -> Key:
        if kid not in self._keys:
            self._reload_if_changed()
        try:
            return self._keys[kid]
        except KeyError:
            raise TokenRefused from None

    def _reload_if_changed(self) -> None:
        stat = self._file.stat()
        version = (stat.st_mtime_ns, stat.st_size)
        if version != self._version:
            self._keys = {str(key["kid"]): jwk.construct(key, ALGORITHM) for key in _read(self._file)}
            self._version = version
            # A key that was taken away must stop being trusted, also in tokens seen before.
            self._remembered.clear()


def _caller(claims: dict[str, Any]) -> Caller:
    if "auth_time" in claims:
        authenticated_at = datetime.fromtimestamp(claims["auth_time"], tz=UTC)
    else:
        authenticated_at = LONG_AGO
    return Caller(
        person_id=UUID(claims["pid"]),
        account_id=UUID(claims["sub"]),
        session_id=UUID(claims["sid"]),
        roles=frozenset(Role.Value(name) for name in claims["roles"]) - {Role.ROLE_UNSPECIFIED},
        region=str(claims["region"]),
        pending=Pending.Value(claims.get("pending", "PENDING_UNSPECIFIED")),
        authenticated_at=authenticated_at,
    )


def _read(file: Path) -> list[dict[str, Any]]:
    """The EC P-256 keys of a JWK set. Raises `ValueError` when the file is none."""
    try:
        keys = json.loads(file.read_text("utf-8"))["keys"]
    except (OSError, KeyError, TypeError, ValueError) as wrong:
        raise ValueError(f"{file} is not a readable JWK set") from wrong
    return [key for key in keys if key.get("kty") == "EC" and key.get("crv") == "P-256" and key.get("kid")]
