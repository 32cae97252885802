"""What every area stands on."""

from __future__ import annotations

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from services.identity.config import IdentitySettings
from services.identity.consents.storage import messages_refused
from services.identity.contacts.recipients import ConfirmedContacts
from services.identity.esia import EsiaClient
from services.identity.keyring import Keyring
from services.identity.links.rules import Provider
from services.identity.passwords import Passwords
from services.identity.regions.rules import Directory as Regions
from services.identity.telling.usecases import Telling
from services.kit.clock import Clock
from services.kit.database import Database
from services.kit.reader import Reader
from services.kit.revocation import EndedSessions
from services.kit.sealing import Sealer
from services.kit.tokens import TokenIssuer


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What `services.identity.app` has read and opened, and the one way to tell people something."""

    settings: IdentitySettings
    regions: Regions
    keyring: Keyring
    tokens: TokenIssuer
    telling: Telling
    database: Database
    reader: Reader
    esia: EsiaClient
    passwords: Passwords
    ended: EndedSessions
    clock: Clock

    @property
    def zone(self) -> ZoneInfo:
        """Whose days count where no school's do."""
        return self.settings.zone

    @property
    def address(self) -> str:
        """Of the region's pages, as links begin with it."""
        return self.regions.here.address

    @property
    def provider(self) -> Provider:
        """Whose profiles are bound here."""
        return Provider(self.settings.region, self.settings.esia.issuer)


def telling_of(settings: IdentitySettings, keyring: Keyring, clock: Clock) -> Telling:
    """Messages to people, sealed to notifications; also for who stands at a console."""
    return Telling(
        Sealer(settings.sealing_key_file), ConfirmedContacts(keyring), clock, refused=messages_refused
    )
