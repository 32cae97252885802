"""The headers that every answer carries, whatever it is.

Scripts and styles come from this very host, nothing is inline, nobody may frame a page, nothing is guessed
from content (ASVS 5.0, chapter 3). The referrer stays within the site; it may not be withheld there,
because browsers then hide the origin of forms as well, and forms are checked by it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

RawHeaders: TypeAlias = "list[tuple[bytes, bytes]]"

_TWO_YEARS = 63_072_000
_ANY_DOOR = ("https:", "http://localhost:*", "http://127.0.0.1:*")


class SecurityHeaders:
    """The same headers for every answer of one kind, made once."""

    def __init__(self, *, secure: bool, form_targets: Sequence[str] = ()) -> None:
        """``form_targets``: origins to which a form's answer may redirect (ESIA); empty for any https host.

        ``secure``: whether people reach this gateway by https.
        """
        common: RawHeaders = [
            (b"x-content-type-options", b"nosniff"),
            (b"referrer-policy", b"same-origin"),
            (b"cross-origin-resource-policy", b"same-origin"),
            (b"cross-origin-opener-policy", b"same-origin"),
        ]
        if secure:
            common.append((b"strict-transport-security", f"max-age={_TWO_YEARS}; includeSubDomains".encode()))
        # Chromium applies form-action to redirects as well, so the way to ESIA must be open.
        targets = " ".join(form_targets or _ANY_DOOR)
        page_policy = (
            "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; font-src 'self'; "
            f"connect-src 'self'; form-action 'self' {targets}; base-uri 'none'; frame-ancestors 'none'"
        )
        self.data: RawHeaders = [
            *common,
            (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
            (b"cache-control", b"no-store"),
        ]
        """For JSON and streams: personal data, kept by nobody on the way."""
        self.page: RawHeaders = [
            *common,
            (b"content-security-policy", page_policy.encode("ascii")),
            (b"permissions-policy", b"camera=(), geolocation=(), microphone=()"),
            (b"cache-control", b"no-store"),
        ]
        """For pages and what they load; a page may say otherwise about caching."""


def complete(headers: RawHeaders, defaults: RawHeaders) -> None:
    """Add each of ``defaults`` that is not there already."""
    present = {name.lower() for name, _ in headers}
    headers.extend(pair for pair in defaults if pair[0] not in present)
