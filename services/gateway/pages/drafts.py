"""What somebody had typed into a form when they were sent away to show who they are, until they are back.

In a cookie of the browser that typed it: nothing is kept here, and nothing gets into an address. Only what
people write in their own words, what they ticked, and of which entry the form was; no password, no code,
nothing by which somebody is looked for. It is read by its own person alone: others may sit down at the same
browser.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterable, Mapping
from typing import Final

_WORDS: Final = frozenset({"reason", "why", "role", "kind", "until", "document", "documents_seen"})
_ENTRY: Final = frozenset({"relation_id", "limit_id", "person_id", "correction_id", "page"})
KEPT: Final = _WORDS | _ENTRY
"""Fields of forms whose deeds ask for a recent proof."""
# What browsers keep of a cookie is 4096 bytes, with its name and what belongs to it.
_MOST: Final = 3_500

Draft = Mapping[str, tuple[str, ...]]
"""What each field held."""


def packed(path: str, person_id: str, fields: Iterable[tuple[str, str]]) -> str:
    """A person's draft for the page at ``path``; empty when there is nothing or too much to keep."""
    kept: dict[str, list[str]] = {}
    for name, value in fields:
        if name in KEPT and value:
            kept.setdefault(name, []).append(value)
    if not kept:
        return ""
    content = json.dumps([path, person_id, kept], ensure_ascii=False, separators=(",", ":"))
    cookie = base64.urlsafe_b64encode(content.encode()).decode()
    return cookie if len(cookie) <= _MOST else ""


def unpacked(cookie: str, path: str, person_id: str) -> Draft:
    """The draft for the page at ``path``; empty when it is of another page or person, or is no draft."""
    try:
        of, whose, kept = json.loads(base64.urlsafe_b64decode(cookie))
        if (of, whose) != (path, person_id):
            return {}
        return {name: tuple(str(value) for value in kept[name]) for name in KEPT & set(kept)}
    except (binascii.Error, ValueError, TypeError):
        return {}
