"""Throwaway ES256 keys and tokens, made as an operator's are."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from pathlib import Path
from uuid import UUID, uuid4

from cryptography.hazmat.primitives.asymmetric import ec

from school.access.v1.policy_pb2 import Pending, Role
from services.kit.clock import Clock, SystemClock
from services.kit.revocation import EndedSessions
from services.kit.sealing import new_keys, public_part
from services.kit.tokens import TokenIssuer, TokenVerifier

REGION = "77"
ISSUER = f"diary-mesh/{REGION}/identity"


@dataclass(frozen=True, slots=True)
class Keys:
    """A private and a public JWK set on disk."""

    private: Path
    public: Path

    def issuer(
        self, *, region: str = REGION, issuer: str = ISSUER, clock: Clock | None = None
    ) -> TokenIssuer:
        """An issuer of five-minute tokens."""
        lifetime = timedelta(minutes=5)
        return TokenIssuer(
            self.private, issuer=issuer, region=region, lifetime=lifetime, clock=clock or SystemClock()
        )

    def verifier(
        self, *, region: str = REGION, clock: Clock | None = None, ended: EndedSessions | None = None
    ) -> TokenVerifier:
        """A verifier of the region's tokens."""
        issuer = f"diary-mesh/{region}/identity"
        return TokenVerifier(
            self.public, issuer=issuer, region=region, clock=clock or SystemClock(), ended=ended
        )

    def token(
        self,
        *roles: Role.ValueType,
        person_id: UUID | None = None,
        pending: Pending.ValueType = Pending.PENDING_UNSPECIFIED,
        shown: timedelta = timedelta(0),
    ) -> str:
        """An access token of some person with ``roles`` who showed who they are ``shown`` ago."""
        token, _ = self.issuer().issue(
            person_id=person_id or uuid4(),
            account_id=uuid4(),
            session_id=uuid4(),
            roles=frozenset(roles),
            pending=pending,
            authenticated_at=SystemClock().now() - shown,
        )
        return token


def make_keys(folder: Path, *, kid: str = "1") -> Keys:
    """A new key pair in ``folder``."""
    numbers = ec.generate_private_key(ec.SECP256R1()).private_numbers()
    x, y = numbers.public_numbers.x, numbers.public_numbers.y
    public = {"kty": "EC", "crv": "P-256", "kid": kid, "x": _base64url(x), "y": _base64url(y)}
    keys = Keys(folder / f"private-{kid}.json", folder / "jwks.json")
    keys.private.write_text(json.dumps({"keys": [{**public, "d": _base64url(numbers.private_value)}]}))
    keys.public.write_text(json.dumps({"keys": [public]}))
    return keys


@dataclass(frozen=True, slots=True)
class SealingKeys:
    """The private JWK set of notifications on disk, and the public JWK of identity."""

    private: Path
    public: Path


def make_sealing_keys(folder: Path) -> SealingKeys:
    """Keys that identity seals messages with and notifications opens them; one pair for all of a run."""
    keys = SealingKeys(folder / "unsealing.json", folder / "sealing.json")
    keys.private.write_text(_sealing_pair())
    keys.public.write_text(public_part(_sealing_pair()))
    return keys


@cache
def _sealing_pair() -> str:
    """Made once: it takes a second."""
    return new_keys()


def _base64url(number: int) -> str:
    return base64.urlsafe_b64encode(number.to_bytes(32, "big")).rstrip(b"=").decode()
