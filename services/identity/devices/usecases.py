"""Telling people that somebody entered from a place they never entered from."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from school.identity.v1.events_pb2 import MessageKind
from services.identity.devices import storage
from services.identity.devices.storage import Place
from services.identity.guesses.rules import origin_of
from services.identity.keyring import Keyring
from services.identity.telling.usecases import Telling
from services.kit.client import client
from services.kit.clock import Clock
from services.kit.database import Transaction


class Devices:
    """From which devices and networks people entered. An address is kept nowhere, only keyed digests."""

    def __init__(self, keyring: Keyring, telling: Telling, clock: Clock) -> None:
        self._keyring = keyring
        self._telling = telling
        self._clock = clock

    async def entered(self, tx: Transaction, person_id: UUID) -> None:
        """The person enters in this transaction, by the RPC in progress.

        From a device and network not seen for them before, they are told on every confirmed contact; not
        at the very first entry, and not when the gateway says nothing of the device.
        """
        place = self._place(person_id)
        if place is None:
            return
        now = self._clock.now()
        seen = await storage.see(tx.connection, person_id, place, now=now)
        if not seen.before and seen.anywhere:
            values = {"device": client().device or "—", "at": _rfc3339(now)}
            kind = MessageKind.MESSAGE_KIND_NEW_DEVICE
            await self._telling.tell_everywhere(tx, person_id, kind, values)

    async def familiar(self, connection: AsyncConnection, person_id: UUID) -> bool:
        """Whether the person entered before from the network of the RPC in progress."""
        place = self._place(person_id)
        return place is not None and await storage.is_familiar(connection, person_id, place)

    def _place(self, person_id: UUID) -> Place | None:
        told = client()
        origin = origin_of(told.address)
        if origin is None:
            return None
        network = f"{person_id}\0{origin.network}"
        return Place(
            self._digests(f"{network}\0{told.device}", "known device"),
            self._digests(network, "known network"),
        )

    def _digests(self, text: str, kind: str) -> tuple[bytes, ...]:
        return tuple(index.digest for index in self._keyring.indexes(text, kind=kind))


def _rfc3339(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
