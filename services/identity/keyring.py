"""The keys that hide what must not be read from a stolen database.

SNILS has 10⁹ values: a plain hash of it is reversed in minutes. So it is kept twice, and never in clear:
sealed (AES-256-GCM) to be read by us alone, and as a blind index (HMAC-SHA256 under another key) to be
found again. Each value remembers the version of its key, so keys change without a day on which nothing
can be found.

The keys are a JSON file outside the database, the current key of each purpose first::

    {"seal": [{"version": 1, "key": "<32 bytes, base64>"}], "index": [...], "refresh": [...]}
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_KEY_BYTES = 32
# NIST SP 800-38D: 96 random bits are safe for 2³² messages under a key; a region has a few million persons.
_NONCE_BYTES = 12
_PURPOSES = ("seal", "index", "refresh")


class KeyringError(Exception):
    """The file of keys is wrong, or something sealed cannot be opened. Never shows a key or a text."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """A text that only the holder of the key can read: ``nonce ‖ ciphertext ‖ tag`` and the key's version."""

    box: bytes
    key_version: int


@dataclass(frozen=True, slots=True)
class BlindIndex:
    """32 bytes that are equal for equal texts and tell nothing without the key."""

    digest: bytes
    key_version: int


@dataclass(frozen=True, slots=True)
class _Key:
    version: int
    secret: bytes


class Keyring:
    """Seals, opens and indexes, with the current key or the one that a stored value names.

    Args:
        seal, index, refresh: 32-byte keys by version, the current one first.
    """

    def __init__(self, *, seal: Sequence[_Key], index: Sequence[_Key], refresh: Sequence[_Key]) -> None:
        self._sealers = {key.version: AESGCM(key.secret) for key in seal}
        self._sealing_version = seal[0].version
        self._index = tuple(index)
        self._refresh = {key.version: key.secret for key in refresh}
        self.refresh_version = refresh[0].version

    @classmethod
    def read(cls, file: Path) -> Keyring:
        """The keys of a file. Raises `KeyringError` that names what is wrong."""
        try:
            content = json.loads(file.read_text("utf-8"))
            keys = {purpose: [_key(entry) for entry in content[purpose]] for purpose in _PURPOSES}
        except OSError as missing:
            raise KeyringError(f"The file of keys cannot be read: {file}") from missing
        except (KeyError, TypeError, ValueError, AttributeError):
            # Without the cause: a JSON error quotes the file.
            raise KeyringError(
                f"{file} is not a file of keys: {', '.join(_PURPOSES)}, 32 bytes each"
            ) from None
        if not all(keys.values()):
            raise KeyringError(f"{file} has no key for one of: {', '.join(_PURPOSES)}")
        return cls(seal=keys["seal"], index=keys["index"], refresh=keys["refresh"])

    def seal(self, text: str, *, context: str) -> Sealed:
        """Seal a text. ``context`` says what it is and whose; it opens in no other context."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        box = self._sealers[self._sealing_version].encrypt(nonce, text.encode(), context.encode())
        return Sealed(nonce + box, self._sealing_version)

    def open(self, sealed: Sealed, *, context: str) -> str:
        """Read a sealed text. Raises `KeyringError` when it was altered or moved, or its key is unknown."""
        try:
            sealer = self._sealers[sealed.key_version]
            nonce, box = sealed.box[:_NONCE_BYTES], sealed.box[_NONCE_BYTES:]
            return sealer.decrypt(nonce, box, context.encode()).decode()
        except (KeyError, InvalidTag, ValueError) as wrong:
            raise KeyringError("A sealed value cannot be opened") from wrong

    def index(self, text: str, *, kind: str) -> BlindIndex:
        """The blind index of a text under the current key; a text has another one for each kind."""
        return _index(self._index[0], text, kind)

    def indexes(self, text: str, *, kind: str) -> tuple[BlindIndex, ...]:
        """The blind index under every key that stored values may still have, the current one first."""
        return tuple(_index(key, text, kind) for key in self._index)

    def refresh_mac(self, message: bytes, *, key_version: int) -> bytes:
        """32 bytes that prove ``message`` is ours. Raises `KeyringError` for a key that was taken away."""
        try:
            return hmac.digest(self._refresh[key_version], message, hashlib.sha256)
        except KeyError:
            raise KeyringError("A refresh key was taken away") from None


def new_keys() -> str:
    """The content of a new file of keys."""
    fresh = {
        purpose: [{"version": 1, "key": base64.b64encode(secrets.token_bytes(_KEY_BYTES)).decode()}]
        for purpose in _PURPOSES
    }
    return json.dumps(fresh, indent=2) + "\n"


def _index(key: _Key, text: str, kind: str) -> BlindIndex:
    return BlindIndex(hmac.digest(key.secret, f"{kind}\0{text}".encode(), hashlib.sha256), key.version)


def _key(entry: dict[str, object]) -> _Key:
    secret = base64.b64decode(str(entry["key"]), validate=True)
    version = entry["version"]
    if len(secret) != _KEY_BYTES or not isinstance(version, int):
        raise ValueError("a key is 32 bytes and has a version")
    return _Key(version, secret)
