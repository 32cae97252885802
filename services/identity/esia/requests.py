"""What a client system says to ESIA, and the exact strings it signs."""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import urlencode
from uuid import UUID

from services.identity.esia import base64url

AUTHORIZE = "/aas/oauth2/v2/ac"
TOKEN = "/aas/oauth2/v3/te"  # noqa: S105 - a path
LOGOUT = "/idp/ext/Logout"
PERSON = "/rs/prns"


def timestamp(moment: datetime) -> str:
    """``yyyy.MM.dd HH:mm:ss +0000``: the offset has no colon. Raises `ValueError` for a naive moment."""
    if moment.tzinfo is None:
        raise ValueError("the moment of a request needs its zone")
    return moment.astimezone(UTC).strftime("%Y.%m.%d %H:%M:%S +0000")


def signed_string(
    *,
    client_id: str,
    scope: str,
    timestamp: str,
    state: str,
    redirect_uri: str,
    scope_org: str = "",
    code: str = "",
) -> bytes:
    """What v2/ac (no ``code``) and v3/te sign: the values one after the other, in UTF-8.

    A refresh and a client's own request sign the string without a code.
    """
    return f"{client_id}{scope}{scope_org}{timestamp}{state}{redirect_uri}{code}".encode()


def signed_string_v1(*, scope: str, timestamp: str, client_id: str, state: str) -> bytes:
    """What the first version signs, in its own order; deprecated since 2023."""
    return f"{scope}{timestamp}{client_id}{state}".encode()


def new_state() -> str:
    """A fresh 128-bit state in the form of a UUID, which is the form ESIA demands."""
    return str(UUID(bytes=secrets.token_bytes(16)))


def pkce_challenge(verifier: str) -> str:
    """The S256 challenge of a verifier (RFC 7636, section 4.2)."""
    return base64url.encode(hashlib.sha256(verifier.encode("ascii")).digest())


def person_filter(name: str) -> str:
    """``person_filter`` as it travels: base64 of the filter's name; it is not part of the signed string."""
    return base64.b64encode(name.encode()).decode()


def query(parameters: Mapping[str, str]) -> str:
    """URL-encoded, with ``+`` as ``%2B`` and a space as ``%20``: no reader takes one for the other."""
    return urlencode(parameters).replace("+", "%20")
