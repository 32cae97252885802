"""``python -m services.notifications`` serves; with ``migrate`` it brings the database up to date."""

from __future__ import annotations

from services.kit.process import main
from services.notifications.app import MIGRATIONS, effects_of, run
from services.notifications.config import NotificationsSettings

if __name__ == "__main__":
    main("notifications", NotificationsSettings, run, MIGRATIONS, effects=effects_of)
