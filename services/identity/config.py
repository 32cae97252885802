"""What identity needs to know before it starts."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from services.identity.esia import EsiaSettings
from services.kit.settings import StoringSettings


class IdentitySettings(StoringSettings):
    """The settings of every service with a database, and what identity alone knows: keys, regions, ESIA."""

    signing_keys_file: Path
    """A private JWK set; its first ES256 key signs access tokens."""
    snils_keys_file: Path
    """The keys that hide SNILS and prove refresh tokens; see `services.identity.keyring`."""
    sealing_key_file: Path
    """The public key of notifications, to which messages to people are sealed; see `services.kit.sealing`."""
    regions_file: Path
    """The directory of regions; see `services.identity.regions.storage`."""
    zone: ZoneInfo = ZoneInfo("Europe/Moscow")
    """Whose days count where no school's do: from and until when a guardian stands for a pupil."""
    esia: EsiaSettings
    """``MESH_ESIA__…``: this mesh as a client system of ESIA."""
    allow_test_snils: bool = False
    """Accept 000-000-600 NN, the SNILS of ESIA's test persons; never in production."""

    access_lifetime: timedelta = timedelta(minutes=5)
    """Of an access token: as long, a right that was taken away may still be used."""
    session_idle: timedelta = timedelta(days=14)
    """A session that nobody refreshes for so long is over."""
    session_absolute: timedelta = timedelta(days=90)
    """After so long, a person signs in again in any case."""
