"""What notifications needs to know before it starts."""

from __future__ import annotations

from services.kit.settings import ServiceSettings


class NotificationsSettings(ServiceSettings):
    """The settings of every service, and the service's own database."""

    database_url: str
    """``postgresql+asyncpg://…``; nobody else uses this database."""
    pool_size: int = 10
    """Connections held at once; replicas × pool size must stay below the server's limit."""
