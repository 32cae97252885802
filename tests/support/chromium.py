"""A real browser for tests, when the machine has one."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from playwright.async_api import Browser, async_playwright

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
HOW_TO_GET_IT = "install `chromium` (Debian: apt-get install chromium), or name one in MESH_CHROMIUM"


def find() -> str | None:
    """The path of a Chromium; None when there is none."""
    named = os.environ.get("MESH_CHROMIUM")
    return named or next(filter(None, map(shutil.which, _NAMES)), None)


@asynccontextmanager
async def running() -> AsyncIterator[Browser]:
    """A browser without a window. Contexts in it are as separate as two people's phones."""
    path = find()
    if path is None:
        raise FileNotFoundError(f"there is no browser: {HOW_TO_GET_IT}")
    # Chromium's own sandbox refuses to work for root; pages of our own region need none.
    options = ["--no-sandbox"] if os.geteuid() == 0 else []
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=options)
        try:
            yield browser
        finally:
            await browser.close()
