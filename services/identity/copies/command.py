"""``tell-again``, as an operator types it."""

from __future__ import annotations

import sys
from typing import Final

import nats.errors

from services.identity.config import IdentitySettings
from services.identity.copies.rules import Wish
from services.identity.copies.usecases import Behind, TellingAgain
from services.kit.database import Database
from services.kit.messaging.bus import Bus, BusDown
from services.kit.messaging.streams import Stream, slowest_reader
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
        telling = TellingAgain(
            database,
            settings.zone,
            stream_bytes=settings.stream_max_bytes,
            behind=readers_of(bus),
            say=_say,
        )
        told = await telling.tell(wish)
    return f"{told} facts are told again; identity publishes them as it runs"


def readers_of(bus: Bus) -> Behind:
    """How far the readers of a service's own stream have come."""

    async def behind() -> int | None:
        try:
            return await slowest_reader(bus.jetstream, Stream.of(bus.service).name)
        except (BusDown, nats.errors.Error, TimeoutError, OSError):
            return None

    return behind


def _say(line: str) -> None:
    sys.stderr.write(line + "\n")
