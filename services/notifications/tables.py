"""All tables of notifications in one place; each is kept by the capability that owns it."""

from __future__ import annotations

from services.notifications.access.storage import persons, relations
from services.notifications.inbox.storage import notices
from services.notifications.metadata import metadata

__all__ = ["metadata", "notices", "persons", "relations"]
