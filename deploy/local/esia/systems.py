"""``systems.toml``: the client systems registered at the stand, and the stand's own settings."""

from __future__ import annotations

import tomllib
from functools import cached_property
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from deploy.local.esia.reading import reading
from services.identity.esia.certificates import Certificate
from services.identity.esia.gost import arithmetic


class System(BaseModel):
    """One client system, as its card on ESIA's portal would have it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    mnemonic: str = Field(min_length=1)
    name: str = ""
    """Shown on the consent page."""
    certificates: tuple[Path, ...] = ()
    """PEM or DER, relative to the file; several while one is being replaced."""
    redirect_uris: tuple[str, ...] = Field(min_length=1)
    logout_uris: tuple[str, ...] = ()
    """Where logout may send browsers to, besides any address on a redirect URI's host."""
    scopes: tuple[str, ...] = ("openid", "fullname", "birthdate", "snils")
    """What the system was granted."""
    own_scopes: tuple[str, ...] = ()
    """What it may ask for without a person (``client_credentials``)."""
    token_algorithm: Literal["RS256", "GOST"] = "RS256"  # noqa: S105 - an algorithm
    """How ESIA signs this system's tokens; independent of the system's own key."""
    clock_skew: float = Field(default=300.0, ge=0)
    """Seconds by which the time of a request may be off; ESIA does not publish its own allowance."""
    v1: bool = False
    """Whether the deprecated first version may still be used."""
    pkce: bool = False
    """Whether a PKCE challenge is demanded."""
    remember_consent: bool = False
    """Ask a person once instead of each time."""
    enabled: bool = True

    @cached_property
    def trusted(self) -> dict[str, Certificate]:
        """Its certificates by their ``client_certificate_hash``."""
        found = [_certificate(path) for path in self.certificates]
        return {arithmetic.digest(certificate.der).hex().upper(): certificate for certificate in found}


def _certificate(path: Path) -> Certificate:
    try:
        return Certificate.read(path.read_bytes())
    except FileNotFoundError:
        remedy = f"mesh esia-keys --name {path.stem} --folder {path.parent}"
        raise ValueError(f"no certificate {path}; `{remedy}` makes one, with its key") from None
    except ValueError as wrong:
        raise ValueError(f"{path}: {wrong}") from wrong


class StandSettings(BaseModel):
    """The stand itself."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    issuer: str = "http://esia-portal1.test.gosuslugi.ru/"
    keys: Path = Path("esia-keys")
    """A folder, relative to the file, where the stand keeps the keys it signs with; made when missing."""
    code_lives: float = 240.0
    token_lives: int = 3600
    id_token_lives: int = 10_800
    session_lives: float = 10_800.0
    numeric_subject: bool = True
    """``sub`` of the id token as a number (older ESIA) or as a string of digits."""
    expires_in_as_text: bool = False
    """``expires_in`` as a string, which some answers of ESIA have."""


class Registry(BaseModel):
    """The whole file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    stand: StandSettings = StandSettings()
    systems: tuple[System, ...]

    def system(self, mnemonic: str) -> System | None:
        """The system with this mnemonic."""
        return next((system for system in self.systems if system.mnemonic == mnemonic), None)


def read_systems(file: Path) -> Registry:
    """Read ``systems.toml``; paths in it are relative to its folder.

    Raises:
        OSError: a file is missing.
        ValueError: something in it is wrong; the message names it.
    """
    raw = file.read_bytes()
    with reading(file):
        registry = Registry.model_validate(tomllib.loads(raw.decode()))
    here = file.parent
    systems = tuple(
        system.model_copy(update={"certificates": tuple(here / path for path in system.certificates)})
        for system in registry.systems
    )
    stand = registry.stand.model_copy(update={"keys": here / registry.stand.keys})
    for system in systems:
        len(system.trusted)  # a certificate that cannot be read is told at the start, not at a sign-in
    return Registry(stand=stand, systems=systems)
