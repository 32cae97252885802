"""Tokens of ESIA: reading a JWS, and believing it.

ESIA publishes no key set: a token names no key, so every trusted certificate of the right kind is tried.
What the token says about keys (``jku``, ``jwk``, ``x5u``, ``x5c``) is never followed (A4).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final, Literal
from urllib.parse import parse_qs

import orjson

from services.identity.esia import base64url
from services.identity.esia.certificates import TrustedCertificates
from services.identity.esia.errors import EsiaSuspended, EsiaTokenRefused
from services.identity.esia.gost.process import GostBusy, GostProcess
from services.identity.esia.settings import EsiaSettings

_LONGEST: Final = 16_384  # ESIA's tokens are 1–3 kB; more would only be work for the parser
_FORBIDDEN: Final = {"jku", "jwk", "x5u", "x5c", "crit"}

Sort = Literal["access", "id"]


@dataclass(frozen=True, slots=True, repr=False)
class Jws:
    """A compact JWS taken apart, not yet believed."""

    header: Mapping[str, object]
    claims: Mapping[str, object]
    signing_input: bytes
    signature: bytes

    @classmethod
    def parse(cls, token: str) -> Jws:
        """Take a token apart. Raises `EsiaTokenRefused` (MALFORMED)."""
        parts = token.split(".")
        if len(token) > _LONGEST or len(parts) != 3:
            raise EsiaTokenRefused("MALFORMED", "not a compact JWS")
        try:
            header, claims = (orjson.loads(base64url.decode(part)) for part in parts[:2])
            signature = base64url.decode(parts[2])
        except ValueError as broken:
            raise EsiaTokenRefused("MALFORMED", "not a compact JWS") from broken
        if not isinstance(header, dict) or not isinstance(claims, dict):
            raise EsiaTokenRefused("MALFORMED", "header or claims are no object")
        return cls(header, claims, f"{parts[0]}.{parts[1]}".encode(), signature)


@dataclass(frozen=True, slots=True)
class AccessToken:
    """What a believed access token says."""

    text: str = field(repr=False)
    oid: int = field(repr=False)
    expires_at: datetime
    scopes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class IdToken:
    """What a believed id token says about the person and how they signed in."""

    oid: int = field(repr=False)
    level: str | None
    confirmed: bool
    method: str | None
    session: str | None = field(repr=False)
    authenticated_at: datetime | None


class TokenVerifier:
    """Believes tokens that a trusted certificate signed for this client system, now."""

    def __init__(
        self,
        settings: EsiaSettings,
        trusted: TrustedCertificates,
        gost: GostProcess,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._settings = settings
        self._trusted = trusted
        self._gost = gost
        self._now = now

    async def access(self, token: str) -> AccessToken:
        """Believe an access token. Raises `EsiaTokenRefused`."""
        claims = await self._claims(token, "access")
        if claims.get("client_id") != self._settings.client_id:
            raise EsiaTokenRefused("AUDIENCE", "client_id is another system")
        scope = claims.get("scope")
        if not isinstance(scope, str):
            raise EsiaTokenRefused("MALFORMED", "scope is no text")
        oid = _oid(claims.get("urn:esia:sbj_id"))
        scopes = tuple(_scope_name(word, oid) for word in scope.split())
        return AccessToken(token, oid, _moment(claims, "exp"), scopes)

    async def identity(self, token: str, *, oid: int) -> IdToken:
        """Believe an id token of the person ``oid``. Raises `EsiaTokenRefused`."""
        claims = await self._claims(token, "id")
        audience = claims.get("aud")
        if self._settings.client_id not in (audience if isinstance(audience, list) else [audience]):
            raise EsiaTokenRefused("AUDIENCE", "aud is another system")
        subject = claims.get("urn:esia:sbj")
        if not isinstance(subject, dict):
            raise EsiaTokenRefused("MALFORMED", "urn:esia:sbj is no object")
        if {_oid(claims.get("sub")), _oid(subject.get("urn:esia:sbj:oid"))} != {oid}:
            raise EsiaTokenRefused("SUBJECT", "the id token is of another person than the access token")
        return IdToken(
            oid=oid,
            level=_text(subject, "urn:esia:sbj:lvl"),
            confirmed=subject.get("urn:esia:sbj:is_tru") is True,
            method=_text(claims, "urn:esia:amd"),
            session=_text(claims, "urn:esia:sid"),
            authenticated_at=_moment(claims, "auth_time") if "auth_time" in claims else None,
        )

    async def _claims(self, token: str, sort: Sort) -> Mapping[str, object]:
        jws = Jws.parse(token)
        await self._require_signature(jws)
        if jws.header.get("sbt") != sort:
            raise EsiaTokenRefused("TYPE", f"not a token of the kind {sort!r}")
        if jws.claims.get("iss") != self._settings.issuer:
            raise EsiaTokenRefused("ISSUER", "iss is not the issuer set")
        self._require_time(jws.claims)
        return jws.claims

    async def _require_signature(self, jws: Jws) -> None:
        algorithm = jws.header.get("alg")
        if algorithm not in self._settings.token_algorithms:
            raise EsiaTokenRefused("ALGORITHM", "alg is not in token_algorithms")
        if _FORBIDDEN & jws.header.keys():
            raise EsiaTokenRefused("ALGORITHM", "the header brings its own key or an extension")
        now = self._now()
        fitting = [known for known in self._trusted.all() if known.algorithm == algorithm]
        usable = [
            known for known in fitting if self._settings.accept_expired_certificates or known.holds_at(now)
        ]
        if not usable:
            detail = "out of date" if fitting else "missing"
            raise EsiaTokenRefused("KEY", f"the trusted certificate for {algorithm} is {detail}")
        try:
            for known in usable:
                if await known.signed(jws.signing_input, jws.signature, self._gost):
                    return
        except GostBusy as busy:
            raise EsiaSuspended from busy
        raise EsiaTokenRefused("SIGNATURE", "no trusted certificate signed it")

    def _require_time(self, claims: Mapping[str, object]) -> None:
        now, leeway = self._now().timestamp(), self._settings.leeway
        if _seconds(claims, "exp") + leeway <= now:
            raise EsiaTokenRefused("TIME", "expired")
        if "nbf" in claims and _seconds(claims, "nbf") - leeway > now:
            raise EsiaTokenRefused("TIME", "not valid yet; is our clock behind?")
        if _seconds(claims, "iat") - leeway > now:
            raise EsiaTokenRefused("TIME", "issued in the future; is our clock behind?")


def _seconds(claims: Mapping[str, object], name: str) -> int:
    value = claims.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 1 << 34:
        raise EsiaTokenRefused("MALFORMED", f"{name} is no number of seconds")
    return value


def _moment(claims: Mapping[str, object], name: str) -> datetime:
    return datetime.fromtimestamp(_seconds(claims, name), UTC)


def _oid(value: object) -> int:
    """Older tokens carry the subject as a number, newer ones as a string of digits."""
    if isinstance(value, int) and not isinstance(value, bool) and value > 0:
        return value
    if isinstance(value, str) and value.isascii() and value.isdigit() and not value.startswith("0"):
        return int(value)
    raise EsiaTokenRefused("MALFORMED", "the subject is no oid")


def _text(claims: Mapping[str, object], name: str) -> str | None:
    value = claims.get(name)
    if value is not None and not isinstance(value, str):
        raise EsiaTokenRefused("MALFORMED", f"{name} is no text")
    return value


def _scope_name(word: str, oid: int) -> str:
    """``fullname?oid=N`` is the scope ``fullname`` about the person N, who must be the subject."""
    name, _, about = word.partition("?")
    if any(person != str(oid) for person in parse_qs(about).get("oid", [])):
        raise EsiaTokenRefused("SUBJECT", "a scope is about another person")
    return name
