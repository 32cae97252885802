"""What the gateway needs to know before it starts."""

from __future__ import annotations

import base64
import binascii
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from services.kit.settings import ServiceSettings

# On the way between a browser and itself there is no network that could read along.
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}


def _base_url(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path not in {"", "/"}:
        raise ValueError("must be an http or https address without a path")
    if parts.scheme == "http" and parts.hostname not in _LOOPBACK:
        raise ValueError("must be https: plain http is for loopback only")
    return f"{parts.scheme}://{parts.netloc}"


class GatewaySettings(ServiceSettings):
    """The settings of every service, where the others are, and how people reach this one."""

    identity_address: str
    """Where identity answers: ``host:port`` or a gRPC target such as ``dns:///…``."""
    diary_address: str
    """Where the diary answers."""
    notifications_address: str
    """Where notifications answers."""
    public_base_url: Annotated[str, AfterValidator(_base_url)]
    """How people reach this gateway: ``https://diary.example``; http on loopback only."""
    form_key_file: Path
    """The key of form tokens: 32 random bytes in base64url, the same for all gateways of the region."""
    sign_in_origins: tuple[str, ...] = ()
    """Where a form may lead to besides this host: ESIA's origin. Empty: any https host, and loopback."""
    trusted_proxies: int = Field(default=0, ge=0, le=10)
    """How many proxies of the operator's own stand before this gateway and add to ``X-Forwarded-For``.
    Guesses are counted by the address before them: one too few, and all people share an address; one too
    many, and anybody writes their own."""
    most_requests: int = 500
    """Requests in progress at once; one more is refused rather than all slowed."""
    most_streams: int = 10_000
    """Open live streams of this process."""

    @property
    def secure(self) -> bool:
        """Whether people reach this gateway by https."""
        return self.public_base_url.startswith("https:")


def read_form_key(file: Path) -> bytes:
    """The key in ``file``. Raises `ValueError` when it is no base64url text of at least 32 bytes."""
    text = file.read_text("ascii").strip()
    try:
        key = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError):
        key = b""
    if len(key) < 32:
        raise ValueError(f"{file} holds no key: it must be at least 32 random bytes in base64url")
    return key
