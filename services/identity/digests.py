"""What is stored of a secret that was drawn at random: enough to know it again, no use to who reads it."""

from __future__ import annotations

import hashlib


def digest_of(secret: str) -> bytes:
    """SHA-256. 128 random bits and more need neither key nor slow hash; of anything shorter see `keyring`."""
    return hashlib.sha256(secret.encode()).digest()
