"""The world that messages are sent to: a mail server and an SMS provider that come and go."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AsyncExitStack
from pathlib import Path

from deploy.local import ports
from deploy.local.outside.app import Outside, run
from deploy.local.outside.post import Item
from deploy.local.outside.troubles import Troubles

SMS_KEY = "an-sms-key"
SENDER = "Школьный дневник <diary@region.example>"


class Outdoors:
    """Away until it is started; the addresses stay the same."""

    def __init__(self, folder: Path) -> None:
        self.mail_port, self.http_port = ports.any_free(), ports.any_free()
        self.key_file = folder / "sms.key"
        self.key_file.write_text(SMS_KEY + "\n")
        self._stack = AsyncExitStack()
        self._running: Outside | None = None
        self._before: list[Item] = []

    @property
    def settings(self) -> Mapping[str, Mapping[str, object]]:
        """``mail`` and ``sms`` of `NotificationsSettings`."""
        return {
            "mail": {"host": "127.0.0.1", "port": self.mail_port, "security": "none", "sender": SENDER},
            "sms": {
                "url": f"http://127.0.0.1:{self.http_port}/sms/messages",
                "key_file": str(self.key_file),
            },
        }

    @property
    def environment(self) -> Mapping[str, str]:
        """The same for a process."""
        return {
            f"MESH_{part.upper()}__{name.upper()}": str(value)
            for part, values in self.settings.items()
            for name, value in values.items()
        }

    @property
    def arrived(self) -> list[Item]:
        """Everything that has arrived, in order."""
        return self._before + (self._running.post.items() if self._running else [])

    @property
    def troubles(self) -> Troubles:
        """What goes wrong; only while it runs."""
        assert self._running is not None
        return self._running.troubles

    async def start(self) -> None:
        """Take connections."""
        outside = run(smtp_port=self.mail_port, http_port=self.http_port, sms_key=SMS_KEY)
        self._running = await self._stack.enter_async_context(outside)

    async def stop(self) -> None:
        """Refuse connections."""
        if self._running is not None:
            self._running.troubles.set(mail="none", sms="none")
            self._before += self._running.post.items()
            self._running = None
        await self._stack.aclose()
