"""Where a browser's request comes from: the first of two defences of a session's cookies against forgery."""

from __future__ import annotations

from collections.abc import Mapping

from services.gateway.problems import ForeignOrigin

# RFC 9110, section 9.2.1: they change nothing, so there is nothing to forge.
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


def require_own(headers: Mapping[bytes, bytes], public_origin: bytes) -> None:
    """Refuse what a page of another site made the browser send. Raises `ForeignOrigin`.

    Browsers say where they come from and pages cannot change that (Fetch Metadata; RFC 6454). A client that
    is no browser says neither; the form token decides about it alone.
    """
    site = headers.get(b"sec-fetch-site")
    if site is not None and site not in {b"same-origin", b"none"}:
        raise ForeignOrigin
    origin = headers.get(b"origin")
    if origin is not None and origin != public_origin:
        raise ForeignOrigin
