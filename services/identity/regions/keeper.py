"""Reads the directory again when the operator changes it: a door is opened or shut, a notice is said."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Final

from services.identity.regions.rules import Directory
from services.identity.regions.storage import read_directory
from services.kit.background import Background

_EVERY_S: Final = 2.0


class DirectoryKeeper(Background):
    """``async with`` runs it. A file that is wrong changes nothing, and is said in the log once."""

    def __init__(self, directory: Directory, file: Path, *, every: float = _EVERY_S) -> None:
        super().__init__("regions")
        self._directory = directory
        self._file = file
        self._every = every
        self._seen = self._version()

    async def run(self) -> None:
        """Look now and again."""
        while True:
            await asyncio.sleep(self._every)
            version = self._version()
            if version is not None and version != self._seen:
                self._seen = version
                self._read()

    def _read(self) -> None:
        try:
            present = read_directory(self._file, here=self._directory.here.code)
        except ValueError as wrong:
            # The text names the place in the file; there are no secrets in it, and no persons.
            self._log.error("regions_are_wrong", error=str(wrong))
            return
        self._directory.become(present)
        self._log.info("regions_changed")

    def _version(self) -> tuple[int, int] | None:
        try:
            stat = self._file.stat()
        except OSError:
            return None
        return stat.st_mtime_ns, stat.st_size
