"""What an operator says about a connection to ESIA."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, HttpUrl, model_validator
from pydantic_settings import NoDecode

from services.identity.esia.certificates import TokenAlgorithm


def _words(value: object) -> object:
    """A list may be written as one string of words, which is how environments carry it."""
    return tuple(value.split()) if isinstance(value, str) else value


def _address(value: object) -> object:
    HttpUrl(str(value))  # refuses what is no http address; the text itself is kept as it was written
    return str(value)


# NoDecode: in the environment these are words, not JSON.
Words = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_words)]
Address = Annotated[str, BeforeValidator(_address)]


class EsiaSettings(BaseModel):
    """One client system at one ESIA (production, test, or a stand-in)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    base_url: Address = "https://esia.gosuslugi.ru"
    """Where ESIA is; the test contour is https://esia-portal1.test.gosuslugi.ru."""
    browser_url: Address | None = None
    """Where browsers find it, when that is another address than the service uses."""
    client_id: str = Field(min_length=1)
    """The mnemonic of the client system."""
    redirect_uri: Address
    """Registered at ESIA, compared there letter by letter."""
    after_logout: Address | None = None
    """Where ESIA's logout sends browsers back to, registered there; else ``redirect_uri``'s front page."""
    scopes: Annotated[Words, Field(min_length=1)] = ("openid", "fullname", "birthdate", "snils")
    issuer: str = "http://esia.gosuslugi.ru/"
    """``iss`` of the tokens: http and a trailing slash, also where the site is https."""

    certificate_file: Path
    """The certificate registered for the mnemonic, PEM or DER."""
    signer: Literal["gost", "openssl", "command", "rsa"] = "gost"
    """Who signs: built-in GOST (for a stand), OpenSSL's gost engine, an external command, built-in RSA."""
    key_file: Path | None = None
    """The private key, unless an external command keeps it."""
    openssl: str = "openssl"
    """The OpenSSL program for the signer ``openssl``."""
    sign_command: Words = ()
    """The external command: reads the bytes on standard input, writes the signature on standard output."""
    signature_order: Literal["openssl", "cryptopro"] = "openssl"
    """Byte order of what the command writes: as OpenSSL gives it, or reversed as CryptoPro gives it."""
    certificate_hash: str | None = Field(default=None, pattern=r"^[0-9A-Fa-f]{64}$")
    """``client_certificate_hash``, when it shall not be computed from the certificate."""

    trusted_certificates: Path
    """A folder with ESIA's own certificates."""
    token_algorithms: Annotated[tuple[TokenAlgorithm, ...], NoDecode, BeforeValidator(_words)] = (
        "RS256",
        "GOST3410_2012_256",
    )
    leeway: float = Field(default=60.0, ge=0, le=60)
    """Seconds by which the clocks may differ when a token's times are checked."""
    accept_expired_certificates: bool = False
    """Trust a certificate in the folder although its dates have passed."""

    pkce: bool = False
    """Send a PKCE challenge (S256); only where the ESIA connected to has it switched on."""
    offline: bool = False
    """Ask for a refresh token (``access_type=offline``)."""
    person_filter: Literal["conf_acc", "acc_kid", "acc_not_kid"] | None = None
    """Let ESIA itself refuse other persons: only confirmed, only child, only not child accounts."""

    connect_timeout: float = Field(default=2.0, gt=0)
    timeout: float = Field(default=4.0, gt=0)
    """Seconds for one request as a whole."""
    connections: int = Field(default=20, ge=1)
    """Open connections at most; a request that gets none within ``connect_timeout`` is refused."""
    failures_to_suspend: int = Field(default=3, ge=1)
    """Failed requests in a row, or failed looks in a row, after which ESIA counts as down."""
    suspension: float = Field(default=15.0, gt=0)
    """Seconds until one request may try again; while ESIA is away, also those between looks at most."""
    watch_every: float = Field(default=10.0, ge=0)
    """Seconds between looks whether ESIA answers browsers; 0 looks never. A failed one is soon repeated."""
    slow: float = Field(default=3.0, gt=0)
    """Seconds without an answer from which ESIA counts as down: for a look, and for a request given up."""
    proxy: Address | None = None
    """An HTTP proxy on the way out; what the environment says about proxies is not looked at."""
    tls_ca_file: Path | None = None
    """Authorities for TLS, when the system's do not know ESIA's."""

    @model_validator(mode="after")
    def _signer_has_its_parts(self) -> Self:
        if self.signer == "command":
            if not self.sign_command:
                raise ValueError("signer 'command' needs sign_command")
        elif self.key_file is None:
            raise ValueError(f"signer {self.signer!r} needs key_file")
        return self
