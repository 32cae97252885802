"""Looking from time to time whether ESIA answers browsers, so that nobody is sent to a door that is shut."""

from __future__ import annotations

import asyncio
from typing import Final

from services.identity.esia import requests
from services.identity.esia.errors import EsiaError
from services.identity.esia.http import EsiaHttp
from services.identity.esia.settings import EsiaSettings
from services.kit.background import Background

_IN_DOUBT_S: Final = 1.0  # from a failed look to the next, until it is clear that ESIA is away


class Watch(Background):
    """``async with`` runs it. One look that succeeds is enough to know that ESIA is back."""

    def __init__(self, settings: EsiaSettings, http: EsiaHttp) -> None:
        super().__init__("esia_watch")
        self._settings = settings
        self._http = http
        self._failed = 0

    @property
    def away(self) -> bool:
        """Whether the last looks failed."""
        return self._failed >= self._settings.failures_to_suspend

    async def run(self) -> None:
        """Look now and as often as the settings say."""
        while self._settings.watch_every > 0:
            await self.once()
            await asyncio.sleep(self._pause())
        await asyncio.Event().wait()  # nothing to do until the end

    async def once(self) -> None:
        """Look now; the log tells when ESIA goes and when it comes back."""
        was_away = self.away
        try:
            await self._http.look(requests.AUTHORIZE, within=self._settings.slow)
        except EsiaError as failed:
            self._failed += 1
            if self.away and not was_away:
                self._log.warning("esia_away", reason=failed.reason, error=failed.operator_sentence())
        else:
            self._failed = 0
            if was_away:
                self._log.info("esia_back")

    def _pause(self) -> float:
        if self._failed == 0:
            return self._settings.watch_every
        return min(self._settings.watch_every, self._settings.suspension if self.away else _IN_DOUBT_S)
