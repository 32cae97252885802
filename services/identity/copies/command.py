"""``tell-again``, as an operator types it."""

from __future__ import annotations

import sys
from typing import Final

from services.identity.config import IdentitySettings
from services.identity.copies.jetstream import OwnStream
from services.identity.copies.rules import Wish
from services.identity.copies.usecases import TellingAgain
from services.kit.database import Database
from services.kit.messaging.bus import Bus
from services.kit.settings import load

TELL_AGAIN: Final = "tell-again"
_SERVICE: Final = "identity"


async def tell_again(database_url: str, what: str) -> str:
    """Publish present facts again, for copies that are empty, were lost or are wrong.

    Args:
        database_url: identity's database; the rest of the service's settings is needed as well.
        what: ``everything``, ``relations``, ``delegations`` or ``people``; or one of the last three and an id
            to go on after.

    Returns:
        How many, in a sentence.

    Raises:
        NothingToTell: ``what`` is something else.
        NoRoom: the stream would be full.
        NotTaken: identity or a reader of its stream does not run, or does not reach NATS.
        SettingsError: settings are missing.
        Unavailable: the database does not answer.
    """
    wish, settings = Wish.read(what), load(IdentitySettings)
    async with (
        Database(database_url, pool_size=1) as database,
        Bus(settings.nats_url, region=settings.region, service=_SERVICE) as bus,
    ):
        told = await TellingAgain(database, settings.zone, broker=OwnStream(bus), say=_say).tell(wish)
    return f"{told} facts are told again; identity publishes them as it runs"


def _say(line: str) -> None:
    sys.stderr.write(line + "\n")
