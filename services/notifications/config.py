"""What notifications needs to know before it starts."""

from __future__ import annotations

from services.kit.settings import StoringSettings


class NotificationsSettings(StoringSettings):
    """Nothing beyond what every service with a database needs."""
