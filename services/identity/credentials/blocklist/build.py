"""Writes ``passwords.txt.xz`` anew: ``python -m services.identity.credentials.blocklist.build``.

Run it after a new version of zxcvbn has changed its list, or after a change of ``russian.txt``; a test tells.
"""

from __future__ import annotations

import lzma
import sys

from zxcvbn.frequency_lists import FREQUENCY_LISTS

from services.identity.credentials.blocklist import FILE, RUSSIAN
from services.identity.credentials.rules.common import LEAST_PIECE
from services.identity.credentials.rules.policy import fold


def listed() -> list[str]:
    """The passwords, folded and in order."""
    words = (*FREQUENCY_LISTS["passwords"], *RUSSIAN.read_text("utf-8").split())
    return sorted({folded for word in words if len(folded := fold(word)) >= LEAST_PIECE})


def packed() -> bytes:
    """The content of the file."""
    return lzma.compress("\n".join(listed()).encode(), preset=9)


if __name__ == "__main__":
    FILE.write_bytes(packed())
    sys.stdout.write(f"{FILE.name}: {len(listed())} passwords, {FILE.stat().st_size} bytes\n")
