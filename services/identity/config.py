"""What identity needs to know before it starts."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from pydantic import Field

from services.identity.binding.rules.assurance import LevelPolicy
from services.identity.consents.settings import OperatorSettings
from services.identity.credentials.settings import PasswordSettings
from services.identity.esia import EsiaSettings
from services.identity.esia_children.rules import KidsPolicy
from services.identity.guesses.settings import GuessSettings
from services.identity.people.rules import Role
from services.identity.second_factor.rules import DEMANDING
from services.identity.sessions.rules import Lifetimes, Limits
from services.kit.revocation import LONGEST_ACCESS
from services.kit.settings import StoringSettings


class IdentitySettings(StoringSettings):
    """The settings of every service with a database, and what identity alone knows: keys, regions, ESIA."""

    signing_keys_file: Path
    """A private JWK set; its first ES256 key signs access tokens."""
    snils_keys_file: Path
    """The keys that hide SNILS and prove refresh tokens; see `services.identity.keyring`."""
    sealing_key_file: Path
    """The public key of notifications, to which messages to people are sealed; see `services.kit.sealing`."""
    service_keys_file: Path | None = None
    """The region's other services and what each may ask; see `services.kit.service_tokens`. None: nothing."""
    regions_file: Path
    """The directory of regions; see `services.identity.regions.storage`."""
    contact_most_accounts: int = Field(default=5, ge=1)
    """How many accounts may use one e-mail address or mobile: families share a telephone."""
    zone: ZoneInfo = ZoneInfo("Europe/Moscow")
    """Whose days count where no school's do: a guardian's from and until, the age of who is at no school."""
    esia: EsiaSettings
    """``MESH_ESIA__…``: this mesh as a client system of ESIA."""
    esia_kids: KidsPolicy = KidsPolicy.OFF
    """Whether guardians may have ESIA asked for their children, and whether its word and the register's are
    enough. ESIA must have granted kid_fullname, kid_birthdate and kid_snils, and know the address
    ``/family/esia`` of the region."""
    esia_level: LevelPolicy = LevelPolicy.BY_AGE
    """Which ESIA accounts the region admits; see `services.identity.binding.rules.assurance`."""
    operator: OperatorSettings
    """``MESH_OPERATOR__…``: who processes personal data here, as the texts of consents name them."""
    allow_test_snils: bool = False
    """Accept 000-000-600 NN, the SNILS of ESIA's test persons; never in production."""
    passwords: PasswordSettings = PasswordSettings()
    """``MESH_PASSWORDS__…``: what the region asks of passwords, and what a hash of one costs."""
    guesses: GuessSettings = GuessSettings()
    """``MESH_GUESSES__…``: how patient the region is with people who guess."""
    temporary_password_lifetime: timedelta = Field(default=timedelta(days=30), gt=timedelta(0))
    """The password on a school's slip admits for so long."""
    account_request_due: timedelta = Field(default=timedelta(days=10), gt=timedelta(0))
    """Within so long a school is to decide an electronic request for an account."""

    access_lifetime: timedelta = Field(default=timedelta(minutes=5), gt=timedelta(0), le=LONGEST_ACCESS)
    """Of an access token: as long, a right that was taken away may still be used where nobody hears of it."""
    session_idle: timedelta = Field(default=timedelta(days=14), gt=timedelta(0))
    """A session of a family that nobody refreshes for so long is over."""
    session_absolute: timedelta = Field(default=timedelta(days=90), gt=timedelta(0))
    """After so long, a parent or pupil signs in again in any case."""
    staff_session_idle: timedelta = Field(default=timedelta(hours=8), gt=timedelta(0))
    """As ``session_idle``, for whoever holds a staff role; of both the shorter counts."""
    staff_session_absolute: timedelta = Field(default=timedelta(days=7), gt=timedelta(0))
    """As ``session_absolute``, for whoever holds a staff role."""
    second_factor_roles: frozenset[Role] = DEMANDING
    """Roles that demand a second factor at the password door, by their names; a JSON list."""

    @property
    def lifetimes(self) -> Lifetimes:
        """How long sessions live."""
        return Lifetimes(
            family=Limits(self.session_idle, self.session_absolute),
            staff=Limits(self.staff_session_idle, self.staff_session_absolute),
        )
