"""The secrets of one region: made once, kept in files that their owner alone can read."""

from __future__ import annotations

import base64
import json
import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Keys:
    """Where each secret lies; ``jwks`` and ``sealing`` are the public ones."""

    folder: Path

    @property
    def signing(self) -> Path:
        """Private JWK set: the first key signs access tokens."""
        return self.folder / "signing.json"

    @property
    def jwks(self) -> Path:
        """Public JWK set: what services verify access tokens with."""
        return self.folder / "jwks.json"

    @property
    def snils(self) -> Path:
        """Keys that seal and index what identity must not keep in clear."""
        return self.folder / "snils.json"

    @property
    def form(self) -> Path:
        """The key of the gateway's form tokens: 32 bytes in base64url."""
        return self.folder / "form.key"

    @property
    def unsealing(self) -> Path:
        """Private JWK set: what notifications opens messages to people with."""
        return self.folder / "unsealing.json"

    @property
    def sealing(self) -> Path:
        """Public JWK: what identity seals messages to people with."""
        return self.folder / "sealing.json"

    @property
    def sms(self) -> Path:
        """The customer's key at the SMS provider."""
        return self.folder / "sms.key"


def ensure(folder: Path) -> Keys:
    """Make what is missing in ``folder``."""
    folder.mkdir(mode=0o700, exist_ok=True)
    keys = Keys(folder)
    _once(keys.signing, _new_signing_keys)
    _once(keys.jwks, lambda: _public_part(keys.signing))
    _once(keys.snils, _new_snils_keys)
    _once(keys.form, lambda: secrets.token_urlsafe(32) + "\n")
    _once(keys.unsealing, _new_unsealing_keys)
    _once(keys.sealing, lambda: _sealing_key(keys.unsealing))
    _once(keys.sms, lambda: secrets.token_urlsafe(24) + "\n")
    return keys


def write_private(file: Path, content: str) -> None:
    """Write a file of mode 0600: complete, or not at all."""
    unfinished = file.with_name(f".{file.name}.{os.getpid()}")
    with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as opened:
        opened.write(content)
    unfinished.replace(file)


def _once(file: Path, content: Callable[[], str]) -> None:
    if not file.exists():
        write_private(file, content())


def _new_signing_keys() -> str:
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415 - at the first start alone

    numbers = ec.generate_private_key(ec.SECP256R1()).private_numbers()
    public = numbers.public_numbers
    key = {
        "kty": "EC",
        "crv": "P-256",
        "alg": "ES256",
        "use": "sig",
        "kid": secrets.token_hex(8),
        "x": _coordinate(public.x),
        "y": _coordinate(public.y),
        "d": _coordinate(numbers.private_value),
    }
    return json.dumps({"keys": [key]}, indent=2) + "\n"


def _public_part(signing: Path) -> str:
    keys = json.loads(signing.read_text())["keys"]
    public = [{name: value for name, value in key.items() if name != "d"} for key in keys]
    return json.dumps({"keys": public}, indent=2) + "\n"


def _new_snils_keys() -> str:
    from services.identity.keyring import new_keys  # noqa: PLC0415 - at the first start alone

    return new_keys()


def _new_unsealing_keys() -> str:
    from services.kit.sealing import new_keys  # noqa: PLC0415 - at the first start alone

    return new_keys()


def _sealing_key(unsealing: Path) -> str:
    from services.kit.sealing import public_part  # noqa: PLC0415 - at the first start alone

    return public_part(unsealing.read_text())


def _coordinate(number: int) -> str:
    """RFC 7518, 6.2.1.2: 32 bytes, base64url without padding."""
    return base64.urlsafe_b64encode(number.to_bytes(32, "big")).rstrip(b"=").decode()
