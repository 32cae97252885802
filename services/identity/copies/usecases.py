"""Telling others once more what they keep copies of.

What is told is what there is, at its version: nobody's newer fact gives way to it, and a fact that is over is
told as over. What happened once (a session's end, an erasure, a message) is nobody's copy, and stays told.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol
from uuid import UUID
from zoneinfo import ZoneInfo

from services.identity.copies import storage
from services.identity.copies.rules import Matter, NotTaken, Wish, bytes_of, require_room
from services.identity.delegations.usecases import facts as trust
from services.identity.families.messages import relation_ended, relation_registered
from services.identity.people.usecases import person_registered
from services.kit.database import Database, Transaction
from services.kit.messaging.streams import Filling

_SAY_EVERY: Final = 10_000  # facts: about every half minute
_LOOK_EVERY_S: Final = 0.1


class Broker(Protocol):
    """What is asked about identity's stream; the answer is None while nobody gives one."""

    async def filling(self) -> Filling | None:
        """How full it is."""
        ...

    async def behind(self) -> int | None:
        """How many events its slowest reader has still to settle."""
        ...


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast facts are told while the region lives on."""

    batch: int = 200
    """Facts of one transaction. The next one begins when fewer wait to be published, and to be applied: an
    end of somebody's right that happens meanwhile stands behind two batches at the most, a second or two
    (I12); and no copy falls so far behind that it shuts its guardians out (`MESH_ACCESS_STALENESS`)."""
    patience_s: float = 60
    """Seconds without any progress before it is given up."""


class TellingAgain:
    """Tells facts again.

    Args:
        database: identity's.
        zone: whose days count for delegations.
        broker: where the stream is.
        say: takes a line for whoever waits.
        pace: how fast.
    """

    def __init__(
        self,
        database: Database,
        zone: ZoneInfo,
        *,
        broker: Broker,
        say: Callable[[str], None],
        pace: Pace | None = None,
    ) -> None:
        self._database = database
        self._zone = zone
        self._broker = broker
        self._say = say
        self._pace = pace or Pace()

    async def tell(self, wish: Wish) -> int:
        """Publish every present fact of the wish, batch by batch; returns how many. Again, nothing changes.

        Raises:
            NoRoom: the stream would be full; nothing was told.
            NotTaken: NATS is away, nobody publishes it, or a reader does not come on; what was told last has
                been said.
            Unavailable: the database does not answer.
        """
        await self._require_room(wish)
        return sum([await self._tell_all(matter, wish.after) for matter in wish.matters])

    async def _require_room(self, wish: Wish) -> None:
        async with self._database.read() as connection:
            counts = [await storage.how_many(connection, one, after=wish.after) for one in wish.matters]
        facts, filling = sum(counts), await self._filling()
        self._say(
            f"{facts} facts, about {_mib(bytes_of(facts))} MiB; "
            f"the stream holds {_mib(filling.held)} of {_mib(filling.most)} MiB"
        )
        require_room(facts, held=filling.held, most=filling.most)

    async def _filling(self) -> Filling:
        """How full the stream is, once the broker says it. Raises `NotTaken`."""
        since = time.monotonic()
        while (filling := await self._broker.filling()) is None:
            if time.monotonic() - since > self._pace.patience_s:
                raise NotTaken
            await asyncio.sleep(_LOOK_EVERY_S)
        return filling

    async def _tell_all(self, matter: Matter, last: UUID | None) -> int:
        told, more = 0, True
        while more:
            async with self._database.transaction() as tx:
                ids = await self._tell_batch(tx, matter, last)
            last, told = ids[-1] if ids else last, told + len(ids)
            more = len(ids) == self._pace.batch
            if not more or told % _SAY_EVERY < self._pace.batch:
                self._say(f"{matter}: {told} told" + (f", the last {last}" if last else ""))
            if more:
                await self._taken(matter, last)
        return told

    async def _tell_batch(self, tx: Transaction, matter: Matter, after: UUID | None) -> list[UUID]:
        match matter:
            case Matter.RELATIONS:
                return await self._tell_relations(tx, after)
            case Matter.DELEGATIONS:
                return await self._tell_delegations(tx, after)
            case Matter.PEOPLE:
                return await self._tell_people(tx, after)

    async def _tell_relations(self, tx: Transaction, after: UUID | None) -> list[UUID]:
        found = await storage.next_relations(tx.connection, after=after, most=self._pace.batch)
        for relation, ended_at in found:
            fact = (
                relation_registered(relation)
                if ended_at is None
                else relation_ended(relation, ended_at, version=relation.version)
            )
            tx.publish(fact, aggregate=relation.id, version=relation.version)
        return [relation.id for relation, _ in found]

    async def _tell_delegations(self, tx: Transaction, after: UUID | None) -> list[UUID]:
        found = await storage.next_delegations(tx.connection, after=after, most=self._pace.batch)
        for one in found:
            if one.accepted_at is None:
                continue
            since = one.accepted_at.astimezone(self._zone).date()
            fact = trust.granted(one, since=since) if one.ended_at is None else trust.ended(one)
            tx.publish(fact, aggregate=one.id, version=one.version)
        return [one.id for one in found]

    async def _tell_people(self, tx: Transaction, after: UUID | None) -> list[UUID]:
        found = await storage.next_people(tx.connection, after=after, most=self._pace.batch)
        for person, version in found:
            tx.publish(person_registered(person, version=version), aggregate=person.id, version=version)
        return [person.id for person, _ in found]

    async def _taken(self, matter: Matter, last: UUID | None) -> None:
        """Wait until little of what was told waits anywhere. Raises `NotTaken`."""
        seen, since = None, time.monotonic()
        while True:
            async with self._database.read() as connection:
                count, oldest = await storage.waiting(connection, most=self._pace.batch)
            behind = await self._broker.behind()
            if count < self._pace.batch and behind is not None and behind < self._pace.batch:
                return
            if (oldest, behind) != seen:
                seen, since = (oldest, behind), time.monotonic()
            if time.monotonic() - since > self._pace.patience_s:
                self._say(f"{matter}: told up to {last}")
                raise NotTaken
            await asyncio.sleep(_LOOK_EVERY_S)


def _mib(count: int) -> int:
    return -(-count // 1024**2)
