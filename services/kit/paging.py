"""Lists that are paged through by the id of the last row shown (AIP-158).

Anybody can write a token for any id. Where the order is that of the ids, it tells nobody anything; a list in
the order of something else goes on after a row that it shows itself, and after no other.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Generic, Protocol, TypeVar
from uuid import UUID

from services.kit.errors import DomainError, StatusCode

_USUAL_PAGE: Final = 50
_LARGEST_PAGE: Final = 200
Row = TypeVar("Row")


class BadPageToken(DomainError):
    """A page token that is not one of ours."""

    status = StatusCode.INVALID_ARGUMENT
    reason = "BAD_PAGE_TOKEN"
    title = "The page token is not one of ours"


class Paged(Protocol):
    """A request for a page, as every contract has it (AIP-158)."""

    @property
    def page_size(self) -> int:
        """How many rows, at the most; 0: the usual number."""
        ...

    @property
    def page_token(self) -> str:
        """The ``next_page_token`` of the page before; empty: the first page."""
        ...


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """A part of a list."""

    rows: list[Row]
    next_token: str
    """Empty on the last page."""


@dataclass(frozen=True, slots=True)
class PageWish:
    """Which page of a list somebody wants."""

    size: int
    after: UUID | None
    """The last row of the page before; None: from the beginning."""

    @classmethod
    def of(cls, request: Paged) -> PageWish:
        """The page that a request asks for. Raises `BadPageToken`."""
        return cls(page_size(request.page_size), read_page_token(request.page_token))

    @property
    def limit(self) -> int:
        """How many rows to read: one more than are shown tells whether there is another page."""
        return self.size + 1

    def page(self, found: Sequence[Row], id_of: Callable[[Row], UUID]) -> Page[Row]:
        """The page out of the rows that were read; ``id_of``: by what the list goes on after a row."""
        rows = list(found[: self.size])
        return Page(rows, page_token(id_of(rows[-1])) if len(found) > self.size else "")


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
