"""Codes by which people without an account follow what they asked for."""

from __future__ import annotations

import base64
import hashlib
import secrets
from typing import Final

_CODE_BYTES: Final = 16
_LONGEST: Final = 128


def new_tracking_code() -> str:
    """128 random bits in letters and digits that are told apart (RFC 4648), by fours."""
    letters = base64.b32encode(secrets.token_bytes(_CODE_BYTES)).decode().rstrip("=")
    return "-".join(letters[place : place + 4] for place in range(0, len(letters), 4))


def tracking_digest(code: str, *, of: str) -> bytes:
    """What is kept of a code for finding what it is ``of``; case, spaces and hyphens make no difference."""
    plain = "".join(letter for letter in code[:_LONGEST].upper() if letter.isascii() and letter.isalnum())
    return hashlib.sha256(f"{of} {plain}".encode()).digest()
