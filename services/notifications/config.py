"""What notifications needs to know before it starts."""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo

from services.kit.settings import StoringSettings
from services.notifications.delivery.settings import MailSettings, SmsSettings


class NotificationsSettings(StoringSettings):
    """The settings of every service with a database, and how people are reached."""

    unsealing_keys_file: Path
    """The private keys that identity seals messages to; see `services.kit.sealing`."""
    mail: MailSettings
    """``MESH_MAIL__…``: the mail server."""
    sms: SmsSettings
    """``MESH_SMS__…``: the SMS provider."""
    zone: ZoneInfo = ZoneInfo("Europe/Moscow")
    """Whose time is written in messages."""
