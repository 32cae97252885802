"""``python -m deploy.local.outside``: serves until SIGTERM.

From the environment: ``MESH_OUTSIDE_SMTP_PORT``, ``MESH_OUTSIDE_HTTP_PORT``, ``MESH_SMS_KEY_FILE``.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

from deploy.local.outside.app import run


async def _main(smtp_port: int, http_port: int, sms_key: str) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with run(smtp_port=smtp_port, http_port=http_port, sms_key=sms_key):
        await stop.wait()


def _settings() -> tuple[int, int, str]:
    try:
        return (
            int(os.environ["MESH_OUTSIDE_SMTP_PORT"]),
            int(os.environ["MESH_OUTSIDE_HTTP_PORT"]),
            Path(os.environ["MESH_SMS_KEY_FILE"]).read_text().strip(),
        )
    except (KeyError, ValueError, OSError) as wrong:
        sys.exit(f"settings are missing or wrong: {wrong}")


if __name__ == "__main__":
    asyncio.run(_main(*_settings()))
