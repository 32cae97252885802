"""What surrounds every page: who is signed in, in which language, with which unread notices."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

from services.gateway.pages.language import LANGUAGES, Speech

HOME = "/cabinet"


@dataclass(frozen=True, slots=True)
class Frame:
    """The part of a page that is the same everywhere."""

    speech: Speech
    path: str
    """The path and query of this page, to come back to after switching the language."""
    csrf: str
    """The token that every form of the page carries."""
    signed_in: bool = False
    person: str = ""
    """The full name of who is signed in; empty when identity does not answer."""
    greeting: str = ""
    """How a page addresses them."""
    teaches: bool = False
    unread: int | None = None
    """How many notices are unread; ``None`` when nobody could say."""

    @property
    def other_language(self) -> str:
        """The language one may switch to."""
        return next(language for language in LANGUAGES if language != self.speech.language)

    @property
    def switch_url(self) -> str:
        """The address that switches the language and comes back here."""
        return f"/language?to={self.other_language}&back={quote(self.path, safe='')}"


def local_path(wish: str | None, otherwise: str = HOME) -> str:
    """A path of this host to go to, or ``otherwise``: never another host, whatever the wish says (A18)."""
    if not wish or len(wish) > 500 or not wish.startswith("/"):
        return otherwise
    if wish.startswith(("//", "/\\")) or any(character in wish for character in "\\\r\n\t\0"):
        return otherwise
    return wish
