"""Lists that are paged through by the id of the last row shown (AIP-158).

Anybody can write a token for any id. Where the order is that of the ids, it tells nobody anything; a list in
the order of something else goes on after a row that it shows itself, and after no other.
"""

from __future__ import annotations

import base64
import binascii
from typing import Final
from uuid import UUID

from services.kit.errors import DomainError, StatusCode

_USUAL_PAGE: Final = 50
_LARGEST_PAGE: Final = 200


class BadPageToken(DomainError):
    """A page token that is not one of ours."""

    status = StatusCode.INVALID_ARGUMENT
    reason = "BAD_PAGE_TOKEN"
    title = "The page token is not one of ours"


def page_size(wished: int) -> int:
    """How many rows a page has: 50 when nothing sensible was wished, 200 at the most."""
    return min(wished, _LARGEST_PAGE) if wished > 0 else _USUAL_PAGE


def page_token(last: UUID) -> str:
    """The token of the page that comes after the row ``last``."""
    return base64.urlsafe_b64encode(last.bytes).decode().rstrip("=")


def read_page_token(token: str) -> UUID | None:
    """The row before the page, or None for the first page. Raises `BadPageToken`."""
    if not token:
        return None
    try:
        last = UUID(bytes=base64.b64decode(token + "==", altchars=b"-_", validate=True))
    except (binascii.Error, ValueError):
        raise BadPageToken from None
    if page_token(last) != token:  # one token per page: no second spelling of the same
        raise BadPageToken
    return last
