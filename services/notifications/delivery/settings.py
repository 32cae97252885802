"""What an operator says about the mail server and the SMS provider."""

from __future__ import annotations

import ssl
from email.utils import parseaddr
from pathlib import Path
from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, HttpUrl, model_validator

_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})


def _mailbox(text: str) -> str:
    address = parseaddr(text)[1]
    user, at, domain = address.rpartition("@")
    if not (user and at and domain) or not text.isprintable() or not address.isascii():
        raise ValueError('should be an address such as "Школьный дневник <diary@example.ru>"')
    return text


def _endpoint(text: str) -> str:
    address = HttpUrl(text)
    if address.scheme != "https" and (address.host or "").strip("[]") not in _LOOPBACK:
        raise ValueError("codes travel there: it must be https, but for this very machine")
    return text


class MailSettings(BaseModel):
    """``MESH_MAIL__…``: the operator's mail server, which sends on to the world."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    host: str = Field(min_length=1)
    port: int = Field(default=587, ge=1, le=65535)
    security: Literal["starttls", "tls", "none"] = "starttls"
    """``tls``: from the first byte, usually on port 465; ``none``: only to this very machine."""
    username: str | None = None
    """Signs in when it is given."""
    password_file: Path | None = None
    """A file that holds the password and nothing else."""
    sender: Annotated[str, AfterValidator(_mailbox)]
    """Whom letters are from, such as ``Школьный дневник <diary@example.ru>``."""
    tls_ca_file: Path | None = None
    """Authorities for TLS, when the system's do not know the server's."""
    at_once: int = Field(default=8, ge=1, le=100)
    """Letters on their way at once, per replica."""

    @model_validator(mode="after")
    def _codes_are_not_shown(self) -> Self:
        if self.security == "none" and self.host not in _LOOPBACK:
            raise ValueError("codes travel there: without TLS only to this very machine")
        if (self.username is None) != (self.password_file is None):
            raise ValueError("username and password_file belong together")
        return self


class SmsSettings(BaseModel):
    """``MESH_SMS__…``: the SMS provider.

    It is spoken to as ``POST url`` with ``Authorization: Bearer <key>``, ``Idempotency-Key: <delivery>`` and
    ``{"to": "+79XXXXXXXXX", "text": "…"}``; 2xx is taken, another status may carry ``{"reason"}``.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: Annotated[str, AfterValidator(_endpoint)]
    key_file: Path
    """A file that holds the customer's key and nothing else."""
    tls_ca_file: Path | None = None
    """Authorities for TLS, when the system's do not know the provider's."""
    at_once: int = Field(default=8, ge=1, le=100)
    """Messages on their way at once, per replica."""


def secret_in(file: Path) -> str:
    """The one line of a file. Raises `ValueError` when it cannot be read or is empty."""
    try:
        secret = file.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError):
        raise ValueError(f"{file} cannot be read") from None
    if not secret:
        raise ValueError(f"{file} is empty")
    return secret


def authorities(file: Path | None) -> ssl.SSLContext:
    """Whom to believe about the other side's name; None: whom the system believes."""
    return ssl.create_default_context(cafile=file)
