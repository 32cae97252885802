"""What the diary needs to know before it starts."""

from __future__ import annotations

from services.kit.settings import StoringSettings


class DiarySettings(StoringSettings):
    """Nothing beyond what every service with a database needs."""
