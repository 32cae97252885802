"""What notifications needs to know before it starts."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from pydantic import Field

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
    access_staleness: timedelta = Field(default=timedelta(minutes=5), gt=timedelta(0))
    """Nobody is told of a pupil while the copy of who stands for them may lack what identity committed longer
    ago; telling waits, and nothing is lost."""
    zone: ZoneInfo = ZoneInfo("Europe/Moscow")
    """Whose time is written in messages."""
