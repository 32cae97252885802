"""Work that goes on beside the service until it is told to stop."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from types import TracebackType
from typing import Self

from services.kit.errors import Unavailable
from services.kit.log import get_logger, kind_and_place


class Background(ABC):
    """``async with`` runs it; a failure is logged and work goes on: no human is to be needed."""

    _AGAIN_S = 0.25  # after work that came to its end: begin anew soon
    _AFTER_FAILURE_S = 1.0  # after a surprise: slow enough to read the log

    def __init__(self, name: str) -> None:
        self._name = name
        self._task: asyncio.Task[None] | None = None
        self._log = get_logger(name)

    @abstractmethod
    async def run(self) -> None:
        """Work until cancelled, or until it is time to begin anew."""

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._forever(), name=self._name)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._task is not None:
            # More than once: wait_for and libraries around it may swallow one cancellation (CPython issue
            # 86296).
            while not self._task.done():
                self._task.cancel()
                await asyncio.wait([self._task], timeout=1)
            self._task = None

    async def _forever(self) -> None:
        while True:
            pause = self._AFTER_FAILURE_S
            try:
                await self.run()
                pause = self._AGAIN_S
            except Unavailable as error:
                self._log.warning(f"{self._name}_waits", error=kind_and_place(error))
            except Exception as error:  # noqa: BLE001 - whatever it was, giving up would need a human
                self._log.warning(f"{self._name}_failed", error=kind_and_place(error))
            await asyncio.sleep(pause)
