"""Where notices to a person go."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.identity.contacts import storage
from services.identity.contacts.rules import Kind
from services.identity.keyring import Keyring
from services.identity.telling.rules import Channel, Recipient

CHANNELS = {Kind.EMAIL: Channel.EMAIL, Kind.MOBILE: Channel.SMS}


class ConfirmedContacts:
    """What `services.identity.telling` asks for: every confirmed contact of a person."""

    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring

    async def __call__(self, connection: AsyncConnection, person_id: UUID, /) -> list[Recipient]:
        """The person's e-mail and mobile, as far as they are confirmed."""
        known = await storage.confirmed(connection, self._keyring, person_id)
        return [
            Recipient(CHANNELS[contact.kind], contact.value.to)
            for contact in known
            if contact.value is not None
        ]
