"""Tokens of the region's other services: short ES256 JWTs (RFC 7519, 7523) that each signs with its own key.

The operator keeps a file that names the services, their public keys, and the RPCs that each may call; it is
read again when it changes, so that a service is let in, or shut out, without a restart:

    {"services": [{"name": "canteen",
                   "rpcs": ["/school.identity.v1.DirectoryService/MayPersonSeePupil"],
                   "keys": [{"kty": "EC", "crv": "P-256", "kid": "1", "x": "…", "y": "…"}]}]}
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from jose import jwk, jwt
from jose.backends.base import Key
from jose.exceptions import JOSEError

from services.kit.clock import Clock
from services.kit.errors import DomainError, StatusCode, TokenExpired, TokenRefused
from services.kit.tokens import ALGORITHM, LOOK_AGAIN, SPELLING, audience

LONGEST_LIFE: Final = timedelta(minutes=5)
"""A token that claims to live longer is refused: what is stolen is worthless soon."""
LEEWAY: Final = timedelta(seconds=60)
"""Between the clocks of two owners; the most that A27 allows."""
_LONGEST: Final = 2048
_NAME: Final = re.compile(r"[a-z][a-z0-9-]{0,62}")
_RPC: Final = re.compile(r"/[A-Za-z0-9_.]+/[A-Za-z0-9_]+")


class ServiceNotAdmitted(DomainError):
    """The service is known, and the operator has not named this RPC for it."""

    status = StatusCode.PERMISSION_DENIED
    reason = "SERVICE_NOT_ADMITTED"
    title = "This service may not call this"


class BadServiceKeys(ValueError):
    """The file of services is none. The text names the place and shows no key."""


@dataclass(frozen=True, slots=True)
class KnownService:
    """A service of the region, as the operator wrote it down."""

    name: str
    rpcs: frozenset[str]
    """The RPCs it may call, as ``/package.Service/Method``."""
    keys: dict[str, Key] = field(repr=False)
    """By ``kid``."""

    def require(self, rpc: str) -> None:
        """Raises `ServiceNotAdmitted` unless it may call ``rpc``."""
        if rpc not in self.rpcs:
            raise ServiceNotAdmitted


def service_audience(region: str, service: str) -> str:
    """Whom a service's token is for: one service of one region (A31)."""
    return f"{audience(region)}/{service}"


def service_token(
    private_key: dict[str, Any],
    *,
    name: str,
    region: str,
    to: str,
    now: datetime,
    life: timedelta = timedelta(minutes=1),
) -> str:
    """A token by which the service ``name`` calls the service ``to``; for whoever writes such a service.

    Args:
        private_key: an EC P-256 JWK with ``kid``.
        name: of the caller, as the operator wrote it down.
        region: the code of the region.
        to: who is called, such as "identity".
        now: the present instant.
        life: how long it is good; five minutes at most.
    """
    claims = {
        "iss": name,
        "sub": name,
        "aud": service_audience(region, to),
        "iat": int(now.timestamp()),
        "exp": int((now + life).timestamp()),
    }
    key = jwk.construct(private_key, ALGORITHM)
    return jwt.encode(claims, key, algorithm=ALGORITHM, headers={"kid": str(private_key["kid"])})


class ServiceVerifier:
    """Knows the region's other services by their tokens.

    Args:
        file: of the services; None when nobody may call.
        region: the code of this region.
        service: who is called here.
        clock: the time.

    Raises:
        BadServiceKeys: the file is none.
        OSError: it cannot be read.
    """

    def __init__(self, file: Path | None, *, region: str, service: str, clock: Clock) -> None:
        self._file = file
        self._audience = service_audience(region, service)
        self._clock = clock
        self._services: dict[str, KnownService] = {}
        self._version: tuple[int, int] | None = None
        self._looked_at = clock.now()
        self._reload_if_changed()

    def verify(self, token: str) -> KnownService:
        """Whose token it is. Raises `TokenRefused` or `TokenExpired`."""
        now = self._clock.now()
        if now - self._looked_at >= LOOK_AGAIN:
            self._looked_at = now
            self._reload_if_changed()
        if len(token) > _LONGEST or not SPELLING.fullmatch(token):
            raise TokenRefused
        try:
            # Read to choose the key; nothing of it is believed before the signature is.
            service = self._services[str(jwt.get_unverified_claims(token)["iss"])]
            key = service.keys[str(jwt.get_unverified_header(token)["kid"])]
            claims = jwt.decode(
                token,
                key,
                algorithms=[ALGORITHM],
                audience=self._audience,
                issuer=service.name,
                # Time is checked below by our own clock.
                options={"verify_exp": False, "verify_iat": False, "verify_nbf": False},
            )
            issued, expires = (datetime.fromtimestamp(claims[name], tz=now.tzinfo) for name in ("iat", "exp"))
        except (JOSEError, KeyError, TypeError, ValueError, OverflowError, OSError) as wrong:
            raise TokenRefused from wrong
        # An audience may be a list in JWT; here one token is for one service.
        if claims.get("aud") != self._audience or claims.get("sub") != service.name:
            raise TokenRefused
        if expires - issued > LONGEST_LIFE or issued > now + LEEWAY:
            raise TokenRefused
        if now >= expires + LEEWAY:
            raise TokenExpired
        return service

    def _reload_if_changed(self) -> None:
        if self._file is None:
            return
        stat = self._file.stat()
        version = (stat.st_mtime_ns, stat.st_size)
        if version != self._version:
            self._services = _read(self._file)
            self._version = version


def _read(file: Path) -> dict[str, KnownService]:
    try:
        listed = json.loads(file.read_text("utf-8"))["services"]
        services = [_service(one) for one in listed]
    except BadServiceKeys as wrong:
        raise BadServiceKeys(f"{file}: {wrong}") from None
    except (KeyError, TypeError, ValueError) as wrong:
        raise BadServiceKeys(f"{file} is not a readable file of services") from wrong
    found = {service.name: service for service in services}
    if len(found) != len(services):
        raise BadServiceKeys(f"{file} names a service twice")
    return found


def _service(written: dict[str, Any]) -> KnownService:
    name, rpcs, keys = str(written["name"]), list(written["rpcs"]), list(written["keys"])
    if not _NAME.fullmatch(name):
        raise BadServiceKeys("a name is not of small letters, digits and hyphens")
    if not all(isinstance(rpc, str) and _RPC.fullmatch(rpc) for rpc in rpcs):
        raise BadServiceKeys(f"an RPC of {name} is not of the form /package.Service/Method")
    for key in keys:
        if key.get("kty") != "EC" or key.get("crv") != "P-256" or not key.get("kid"):
            raise BadServiceKeys(f"a key of {name} is no EC P-256 key with a kid")
        if "d" in key:
            raise BadServiceKeys(f"a key of {name} is a private one: it belongs to the service alone")
    return KnownService(
        name, frozenset(rpcs), {str(key["kid"]): jwk.construct(key, ALGORITHM) for key in keys}
    )
