"""Texts for one other service alone: JWE (RFC 7516) in compact form, RSA-OAEP-256 with A256GCM.

Events are stored, on disks and in backups; what only their reader may know is sealed to the reader's public
key. The writer holds one public key, a JWK; the reader a private JWK set, so that keys rotate: the reader
gets the new key beside the old one, then the writer the new one alone, and the old one is taken away when
nothing sealed to it is waiting any more. Both files are read again when they change.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, Generic, TypeVar

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from jose import jwe, jwk
from jose.exceptions import JOSEError

from services.kit.log import get_logger, kind_and_place

ALGORITHM: Final = "RSA-OAEP-256"
ENCRYPTION: Final = "A256GCM"
# As strong as the AES key within: NIST SP 800-57, table 2. Sealing takes 0.05 ms, opening 0.8 ms.
KEY_BITS: Final = 3072
_PUBLIC: Final = ("kty", "alg", "use", "kid", "n", "e")

_logger = get_logger("sealing")
Keys = TypeVar("Keys")


class CannotOpen(Exception):
    """A sealed text was altered, is none, or is sealed to a key that is not here. Shows no text."""


class Sealer:
    """Seals to the holder of the private key."""

    def __init__(self, public_key: Path) -> None:
        """Read the public key. Raises `ValueError` when the file is no RSA JWK with a ``kid``."""
        self._key = _Watched(public_key, _public_key)

    def seal(self, content: bytes) -> str:
        """The JWE over ``content``; another one each time. Takes 0.05 ms."""
        kid, key = self._key.present()
        sealed = jwe.encrypt(content, key, encryption=ENCRYPTION, algorithm=ALGORITHM, kid=kid)
        return sealed.decode("ascii")


class Unsealer:
    """Opens what was sealed to one of its keys."""

    def __init__(self, private_keys: Path) -> None:
        """Read the private keys. Raises `ValueError` when the file is no JWK set with one of RSA."""
        self._keys = _Watched(private_keys, _private_keys)

    def open(self, sealed: str) -> bytes:
        """The content. Takes about a millisecond of a processor: call it beside the event loop.

        Raises:
            CannotOpen: it was altered, is none, or its key is not here.
        """
        try:
            header = jwe.get_unverified_header(sealed)
            # Nothing but what the sealer writes (A4): no other algorithm, and no packing, which could unpack
            # to any size.
            if header != {"alg": ALGORITHM, "enc": ENCRYPTION, "kid": header.get("kid")}:
                raise CannotOpen
            content = jwe.decrypt(sealed, self._keys.present()[header["kid"]])
        except (JOSEError, KeyError, TypeError, ValueError) as wrong:
            raise CannotOpen from wrong
        if content is None:
            raise CannotOpen
        return content


def new_keys() -> str:
    """The content of a new file of private keys, with one key."""
    pem = rsa.generate_private_key(65537, KEY_BITS).private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )
    key = {**jwk.construct(pem, ALGORITHM).to_dict(), "use": "enc", "kid": secrets.token_hex(8)}
    return json.dumps({"keys": [key]}, indent=2) + "\n"


def public_part(private_keys: str) -> str:
    """The content of the file of the public key that belongs to the first private one."""
    key = json.loads(private_keys)["keys"][0]
    return json.dumps({name: key[name] for name in _PUBLIC}, indent=2) + "\n"


class _Watched(Generic[Keys]):
    """What a file says, read again when it changes; a file that became unreadable is passed over."""

    def __init__(self, file: Path, read: Callable[[Path], Keys]) -> None:
        self._file = file
        self._read = read
        self._version = _version(file)
        self._present = read(file)

    def present(self) -> Keys:
        """What the file says. Asks for its version each time: 2 µs."""
        version = _version(self._file)
        if version != self._version:
            self._version = version
            try:
                self._present = self._read(self._file)
            except ValueError as unreadable:
                _logger.error(  # noqa: TRY400 - the text names the file alone, a traceback might quote it
                    "keys_not_replaced", path=str(self._file), error=kind_and_place(unreadable)
                )
        return self._present


def _version(file: Path) -> tuple[int, int] | None:
    try:
        stat = file.stat()
    except OSError:
        return None
    return stat.st_mtime_ns, stat.st_size


def _public_key(file: Path) -> tuple[str, Any]:
    kid, key, private = _read_key(file, _parsed(file))
    if private:
        raise ValueError(f"{file} holds a private key: only its reader may have that")
    return kid, key


def _private_keys(file: Path) -> dict[str, Any]:
    content = _parsed(file)
    keys = content.get("keys") if isinstance(content, Mapping) else None
    if not isinstance(keys, list) or not keys:
        raise ValueError(f"{file} is not a JWK set")
    found = {}
    for described in keys:
        kid, key, private = _read_key(file, described)
        if not private:
            raise ValueError(f"{file} holds a public key among the private ones")
        found[kid] = key
    return found


def _parsed(file: Path) -> Any:
    try:
        return json.loads(file.read_text("utf-8"))
    except (OSError, ValueError):
        # Without the cause: a JSON error quotes the file.
        raise ValueError(f"{file} is not a readable JSON file") from None


def _read_key(file: Path, described: Any) -> tuple[str, Any, bool]:
    """The id of a key, the key, and whether it is a private one."""
    try:
        if described["kty"] != "RSA" or not isinstance(described["kid"], str):
            raise ValueError("not ours")  # noqa: TRY301 - told below, like whatever else is wrong
        # The prepared key: making it takes 90 ms, which must not be paid for each text.
        made: Any = jwk.construct(described, ALGORITHM)
        key = made.prepared_key
    except (JOSEError, LookupError, TypeError, ValueError):
        raise ValueError(f'{file} holds something that is no RSA JWK with a "kid"') from None
    if key.key_size < KEY_BITS:
        raise ValueError(f"{file} holds a key of {key.key_size} bits; {KEY_BITS} are needed")
    return described["kid"], key, "d" in described
