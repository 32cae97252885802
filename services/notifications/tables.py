"""Every table of the database of notifications, named in one place for migrations and loaders."""

from __future__ import annotations

from services.notifications.access.storage import copies, delegations, persons, relations
from services.notifications.delivery.storage import deliveries, delivery_attempts
from services.notifications.inbox.storage import notices
from services.notifications.metadata import metadata

__all__ = [
    "copies",
    "delegations",
    "deliveries",
    "delivery_attempts",
    "metadata",
    "notices",
    "persons",
    "relations",
]
