"""The block list of passwords that everybody tries first; where it comes from is said in ``README.md``."""

from __future__ import annotations

import lzma
from functools import cache
from pathlib import Path

from services.identity.credentials.rules.common import CommonPasswords

FILE = Path(__file__).parent / "passwords.txt.xz"
RUSSIAN = Path(__file__).parent / "russian.txt"


@cache
def common_passwords() -> CommonPasswords:
    """The list, read once: 30 ms, three MiB."""
    return CommonPasswords(lzma.decompress(FILE.read_bytes()).decode().split("\n"))
