"""The block list of passwords that everybody tries first; where it comes from is said in ``README.md``."""

from __future__ import annotations

import lzma
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from services.identity.credentials.rules.common import CommonPasswords

FILE = Path(__file__).parent / "passwords.txt.xz"
RUSSIAN = Path(__file__).parent / "russian.txt"


@cache
def common_passwords() -> CommonPasswords:
    """The list, read when a password is first judged: 30 ms, five MiB."""
    return CommonPasswords(_lines())


def _lines() -> Iterator[str]:
    yield from lzma.decompress(FILE.read_bytes()).decode().split("\n")
