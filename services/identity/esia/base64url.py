"""Base64 in the alphabets ESIA accepts (RFC 4648, sections 4 and 5)."""

from __future__ import annotations

import base64
import binascii
import re

_ALPHABET = re.compile(r"[A-Za-z0-9_-]*")


def encode(data: bytes) -> str:
    """Without padding, as JWS has it."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decode(text: str) -> bytes:
    """Strictly: no padding, no other alphabet, no stray bits. Raises `ValueError`."""
    if not _ALPHABET.fullmatch(text):
        raise ValueError("not base64url")
    return _whole(text)


def decode_any(text: str) -> bytes:
    """Either alphabet, padded or not, line breaks forgiven: what client systems send. Raises `ValueError`."""
    bare = "".join(text.split()).rstrip("=").replace("+", "-").replace("/", "_")
    return decode(bare)


def _whole(text: str) -> bytes:
    try:
        data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except binascii.Error as broken:
        raise ValueError("not base64url") from broken
    # Unused low bits of the last character would give one value two spellings.
    if encode(data) != text:
        raise ValueError("not base64url")
    return data
