"""The gateway's cookies on the wire (RFC 6265, and the prefix rules of its successor draft).

All of them are HttpOnly and SameSite=Lax. Where the public address is https they are Secure and carry the
``__Host-`` prefix, which ties them to this very host; plain http happens on loopback only and knows neither.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TypeAlias

from google.protobuf.timestamp_pb2 import Timestamp

from school.identity.v1.sessions_pb2 import Session

RawHeaders: TypeAlias = "list[tuple[bytes, bytes]]"

# What tokens and keys are made of (base64url, dots of a JWT); nothing else is ever put into a cookie.
_SAFE = re.compile(r"[A-Za-z0-9._~+/=-]*")
# A visit outlives the forms it protects, not the day.
_VISIT_SECONDS = 12 * 3600


class Cookies:
    """Reads and writes the cookies of one gateway."""

    def __init__(self, *, secure: bool) -> None:
        """``secure``: whether people reach this gateway by https."""
        prefix = "__Host-mesh-" if secure else "mesh-"
        self._attributes = "; Path=/; HttpOnly; SameSite=Lax" + ("; Secure" if secure else "")
        self._access = prefix + "access"
        self._refresh = prefix + "refresh"
        self._sign_in = prefix + "sign-in"
        self._visit = prefix + "visit"

    def session(self, cookie: bytes) -> tuple[str, str]:
        """Access and refresh token of the request; empty where there is none."""
        jar = _read(cookie)
        return jar.get(self._access, ""), jar.get(self._refresh, "")

    def set_session(self, headers: RawHeaders, session: Session) -> None:
        """Keep the session's tokens, each as long as it is good for.

        Without a refresh token (`SwitchRole`) the one that the browser has goes on.
        """
        self._put(headers, self._access, session.access_token, _seconds_until(session.access_expires_at))
        if not session.refresh_token:
            return
        self._put(headers, self._refresh, session.refresh_token, _seconds_until(session.refresh_expires_at))

    def clear_session(self, headers: RawHeaders) -> None:
        """Forget the session's tokens."""
        self._put(headers, self._access, "", 0)
        self._put(headers, self._refresh, "", 0)

    def sign_in(self, cookie: bytes) -> str:
        """The secret of the pending sign-in; empty when none is pending."""
        return _read(cookie).get(self._sign_in, "")

    def set_sign_in(self, headers: RawHeaders, browser_key: str, expires_at: datetime) -> None:
        """Keep the secret of a pending sign-in until ``expires_at`` (aware)."""
        left = int((expires_at - datetime.now(UTC)).total_seconds())
        self._put(headers, self._sign_in, browser_key, max(left, 0))

    def clear_sign_in(self, headers: RawHeaders) -> None:
        """Forget the pending sign-in."""
        self._put(headers, self._sign_in, "", 0)

    def visit(self, cookie: bytes) -> str:
        """The random word of this browser; empty on its first request."""
        return _read(cookie).get(self._visit, "")

    def set_visit(self, headers: RawHeaders, word: str) -> None:
        """Keep the random word of this browser."""
        self._put(headers, self._visit, word, _VISIT_SECONDS)

    def _put(self, headers: RawHeaders, name: str, value: str, seconds: int) -> None:
        if not _SAFE.fullmatch(value):
            raise ValueError(f"the value for cookie {name} holds characters that no cookie may hold")
        cookie = f"{name}={value}; Max-Age={seconds}{self._attributes}"
        headers.append((b"set-cookie", cookie.encode("ascii")))


def unless_set(cookies: RawHeaders, headers: RawHeaders) -> RawHeaders:
    """Those of ``cookies`` that ``headers`` do not set too: of two words on one cookie browsers keep one."""
    set_there = {_name(content) for name, content in headers if name == b"set-cookie"}
    return [cookie for cookie in cookies if _name(cookie[1]) not in set_there]


def _name(set_cookie: bytes) -> bytes:
    return set_cookie.partition(b"=")[0]


def _read(cookie: bytes) -> dict[str, str]:
    """The cookies of the request's ``Cookie`` header."""
    jar: dict[str, str] = {}
    for pair in cookie.decode("latin-1").split(";"):
        key, equals, content = pair.strip().partition("=")
        # The first one wins: browsers send the most specific cookie first.
        if equals and key not in jar and _SAFE.fullmatch(content):
            jar[key] = content
    return jar


def _seconds_until(instant: Timestamp) -> int:
    return max(int(instant.seconds - datetime.now(UTC).timestamp()), 0)
